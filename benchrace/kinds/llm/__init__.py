"""Text from language models: one answer a round, or many at the same time."""

from benchrace.kinds.llm.params import (
    Arrival,
    Fallback,
    LlmParams,
    Prefix,
    Rendering,
    Residence,
    ServeParams,
    TextParams,
    Thinking,
)
from benchrace.kinds.llm.record import (
    Answer,
    CacheProof,
    CacheState,
    EngineFacts,
    EngineTimes,
    Gaps,
    LlmRecord,
    Perplexity,
    ServeRecord,
    Steady,
    TextRecord,
    Usage,
)
from benchrace.kinds.llm.samples import SAMPLE, TEXT_PRESETS
from benchrace.kinds.llm.serve import SERVE
from benchrace.kinds.llm.single import LLM

__all__ = [
    "LLM",
    "SAMPLE",
    "SERVE",
    "TEXT_PRESETS",
    "Answer",
    "Arrival",
    "CacheProof",
    "CacheState",
    "EngineFacts",
    "EngineTimes",
    "Fallback",
    "Gaps",
    "LlmParams",
    "LlmRecord",
    "Perplexity",
    "Prefix",
    "Rendering",
    "Residence",
    "ServeParams",
    "ServeRecord",
    "Steady",
    "TextParams",
    "TextRecord",
    "Thinking",
    "Usage",
]
