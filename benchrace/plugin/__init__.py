"""All that a plugin author needs: `from benchrace.plugin import ...` and nothing else."""

from typing import Annotated

from msgspec import Meta

from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, FieldError
from benchrace.events import Measured
from benchrace.kinds import (
    COMPUTE,
    LLM,
    SERVE,
    Better,
    ComputeParams,
    ComputeRecord,
    Estimator,
    Kind,
    Metric,
    Params,
    Record,
)
from benchrace.kinds.llm import (
    Answer,
    CacheState,
    EngineFacts,
    EngineTimes,
    LlmParams,
    LlmRecord,
    Rendering,
    ServeParams,
    ServeRecord,
    TextParams,
    Thinking,
    Usage,
)
from benchrace.plugin.backend import Backend, Config, Lane
from benchrace.plugin.context import Context, RoundInfo
from benchrace.plugin.engine_process import EngineProcess, Launch, answers_at
from benchrace.plugin.llm import Ask, Loaded, Piece, TextBackend, Whereabouts, whereabouts
from benchrace.plugin.operations import (
    Asset,
    NotOffered,
    Operated,
    Operation,
    Reset,
    Unloaded,
)
from benchrace.plugin.readiness import KvLayers, Model, Probe, Problem, Readiness, Resident
from benchrace.plugin.spec import hookimpl
from benchrace.plugin.stream import (
    Chunk,
    Format,
    Lag,
    Stream,
    StreamEnd,
    StreamLimits,
    StreamRequest,
    Streams,
    TimingSource,
)
from benchrace.plugin.workload import Drawing, Resource, Workload

__all__ = [
    "COMPUTE",
    "LLM",
    "SERVE",
    "Annotated",
    "Answer",
    "Ask",
    "Asset",
    "Backend",
    "BenchraceError",
    "Better",
    "CacheState",
    "Category",
    "Chunk",
    "Clock",
    "ComputeParams",
    "ComputeRecord",
    "Config",
    "Context",
    "Drawing",
    "EngineFacts",
    "EngineProcess",
    "EngineTimes",
    "Estimator",
    "FieldError",
    "Format",
    "Kind",
    "KvLayers",
    "Lag",
    "Lane",
    "Launch",
    "LlmParams",
    "LlmRecord",
    "Loaded",
    "Measured",
    "Meta",
    "Metric",
    "Model",
    "NotOffered",
    "Operated",
    "Operation",
    "Params",
    "Piece",
    "Probe",
    "Problem",
    "Readiness",
    "Record",
    "Rendering",
    "Reset",
    "Resident",
    "Resource",
    "RoundInfo",
    "ServeParams",
    "ServeRecord",
    "Stream",
    "StreamEnd",
    "StreamLimits",
    "StreamRequest",
    "Streams",
    "TextBackend",
    "TextParams",
    "Thinking",
    "TimingSource",
    "Unloaded",
    "Usage",
    "Whereabouts",
    "Workload",
    "answers_at",
    "hookimpl",
    "whereabouts",
]
