"""Text from language models: one answer per round, or many at the same time."""

from typing import TYPE_CHECKING

from benchrace.lazy import exports

if TYPE_CHECKING:
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
        ClientLoad,
        EngineFacts,
        EngineTimes,
        FirstChunks,
        Gaps,
        LlmRecord,
        NetworkBytes,
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
    "ClientLoad",
    "EngineFacts",
    "EngineTimes",
    "Fallback",
    "FirstChunks",
    "Gaps",
    "LlmParams",
    "LlmRecord",
    "NetworkBytes",
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

__getattr__ = exports(
    __name__,
    {
        "benchrace.kinds.llm.params": (
            "Arrival Fallback LlmParams Prefix Rendering Residence ServeParams TextParams Thinking "
        ),
        "benchrace.kinds.llm.record": (
            "Answer CacheProof CacheState ClientLoad EngineFacts EngineTimes FirstChunks Gaps "
            "LlmRecord NetworkBytes Perplexity ServeRecord Steady TextRecord Usage "
        ),
        "benchrace.kinds.llm.samples": "SAMPLE TEXT_PRESETS",
        "benchrace.kinds.llm.serve": "SERVE",
        "benchrace.kinds.llm.single": "LLM",
    },
)
