"""All that a plugin author needs: `from benchrace.plugin import ...` and nothing else."""

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, Failure, FieldError, InvalidInput
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
    TEXT_PRESETS,
    Answer,
    CacheState,
    EngineFacts,
    EngineTimes,
    Fallback,
    LlmParams,
    LlmRecord,
    Perplexity,
    Prefix,
    Rendering,
    Residence,
    ServeParams,
    ServeRecord,
    TextParams,
    Thinking,
    Usage,
)
from benchrace.plugin.backend import Backend, Config, Lane
from benchrace.plugin.context import Context, RoundInfo
from benchrace.plugin.device import Device, GpuName, one_gpu
from benchrace.plugin.device import find as find_gpu
from benchrace.plugin.launch import Launch
from benchrace.plugin.operations import (
    Asset,
    NotOffered,
    Operated,
    Operation,
    Reset,
    Unloaded,
    Writing,
    Written,
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

if TYPE_CHECKING:
    from benchrace.plugin.engine_process import EngineProcess, answers_at
    from benchrace.plugin.llm import Ask, Loaded, Piece, TextBackend, Whereabouts, whereabouts

__all__ = [
    "COMPUTE",
    "LLM",
    "SERVE",
    "TEXT_PRESETS",
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
    "Device",
    "Drawing",
    "EngineFacts",
    "EngineProcess",
    "EngineTimes",
    "Estimator",
    "Failure",
    "Fallback",
    "FieldError",
    "Format",
    "GpuName",
    "InvalidInput",
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
    "Perplexity",
    "Piece",
    "Prefix",
    "Probe",
    "Problem",
    "Readiness",
    "Record",
    "Rendering",
    "Reset",
    "Residence",
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
    "Writing",
    "Written",
    "answers_at",
    "find_gpu",
    "hookimpl",
    "one_gpu",
    "whereabouts",
]

# What runs and hears engines brings a loop and more with it, which a plugin that only measures
# never needs.
_ENGINES = "benchrace.plugin.engine_process"
_TEXT = "benchrace.plugin.llm"
_LATE = {
    "EngineProcess": _ENGINES,
    "answers_at": _ENGINES,
    "Ask": _TEXT,
    "Loaded": _TEXT,
    "Piece": _TEXT,
    "TextBackend": _TEXT,
    "Whereabouts": _TEXT,
    "whereabouts": _TEXT,
}


def __getattr__(name: str) -> Any:
    place = _LATE.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(place), name)
