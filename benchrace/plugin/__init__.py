"""The plugin authors' API: everything that a plugin imports from benchrace."""

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from benchrace.lazy import exports

if TYPE_CHECKING:
    from benchrace.clock import Clock
    from benchrace.config.credentials import credential
    from benchrace.errors import BenchraceError, Category, Failure, FieldError, InvalidInput
    from benchrace.events import Measured, Reason
    from benchrace.formatting import duration, percent
    from benchrace.kinds import (
        COMPUTE,
        LLM,
        SERVE,
        Better,
        ComputeParams,
        ComputeRecord,
        EnergyWork,
        Estimator,
        Kind,
        LaneRecord,
        Metric,
        Params,
        Record,
        energy_work,
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
    from benchrace.plugin.engine.device import Device, GpuName
    from benchrace.plugin.engine.device import find as find_gpu
    from benchrace.plugin.engine.gpu_hold import EngineGpu
    from benchrace.plugin.engine.launch import Launch
    from benchrace.plugin.engine.process import EngineProcess, answers_at
    from benchrace.plugin.hookspecs import hookimpl
    from benchrace.plugin.lenient import JsonReader, parse_json, to_struct
    from benchrace.plugin.llm import (
        Ask,
        Delta,
        ErrorBody,
        Loaded,
        Oddities,
        Parts,
        TextBackend,
        TextLane,
        Whereabouts,
        endpoint,
        error_of,
        find_error,
        read_parts,
        times_are_credible,
        whereabouts,
        words,
    )
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
    from benchrace.plugin.readiness import (
        KvLayers,
        Model,
        Probe,
        Problem,
        Readiness,
        Resident,
        Startable,
    )
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
    "Delta",
    "Device",
    "Drawing",
    "EnergyWork",
    "EngineFacts",
    "EngineGpu",
    "EngineProcess",
    "EngineTimes",
    "ErrorBody",
    "Estimator",
    "Failure",
    "Fallback",
    "FieldError",
    "Format",
    "GpuName",
    "InvalidInput",
    "JsonReader",
    "Kind",
    "KvLayers",
    "Lag",
    "Lane",
    "LaneRecord",
    "Launch",
    "LlmParams",
    "LlmRecord",
    "Loaded",
    "Measured",
    "Meta",
    "Metric",
    "Model",
    "NotOffered",
    "Oddities",
    "Operated",
    "Operation",
    "Params",
    "Parts",
    "Perplexity",
    "Prefix",
    "Probe",
    "Problem",
    "Readiness",
    "Reason",
    "Record",
    "Rendering",
    "Reset",
    "Residence",
    "Resident",
    "Resource",
    "RoundInfo",
    "ServeParams",
    "ServeRecord",
    "Startable",
    "Stream",
    "StreamEnd",
    "StreamLimits",
    "StreamRequest",
    "Streams",
    "TextBackend",
    "TextLane",
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
    "credential",
    "duration",
    "endpoint",
    "energy_work",
    "error_of",
    "find_error",
    "find_gpu",
    "hookimpl",
    "parse_json",
    "percent",
    "read_parts",
    "times_are_credible",
    "to_struct",
    "whereabouts",
    "words",
]

__getattr__ = exports(
    __name__,
    {
        "benchrace.clock": "Clock",
        "benchrace.config.credentials": "credential",
        "benchrace.errors": "BenchraceError Category Failure FieldError InvalidInput",
        "benchrace.events": "Measured Reason",
        "benchrace.formatting": "duration percent",
        "benchrace.kinds": (
            "COMPUTE LLM SERVE Better ComputeParams ComputeRecord EnergyWork Estimator Kind "
            "LaneRecord Metric Params Record energy_work "
        ),
        "benchrace.kinds.llm": (
            "TEXT_PRESETS Answer CacheState EngineFacts EngineTimes Fallback LlmParams "
            "LlmRecord Perplexity Prefix Rendering Residence ServeParams ServeRecord "
            "TextParams Thinking Usage "
        ),
        "benchrace.plugin.backend": "Backend Config Lane",
        "benchrace.plugin.context": "Context RoundInfo",
        "benchrace.plugin.engine.device": "Device GpuName find:find_gpu",
        "benchrace.plugin.engine.gpu_hold": "EngineGpu",
        "benchrace.plugin.engine.launch": "Launch",
        "benchrace.plugin.lenient": "JsonReader parse_json to_struct",
        "benchrace.plugin.operations": (
            "Asset NotOffered Operated Operation Reset Unloaded Writing Written "
        ),
        "benchrace.plugin.readiness": "KvLayers Model Probe Problem Readiness Resident Startable",
        "benchrace.plugin.hookspecs": "hookimpl",
        "benchrace.plugin.stream": (
            "Chunk Format Lag Stream StreamEnd StreamLimits StreamRequest Streams TimingSource "
        ),
        "benchrace.plugin.workload": "Drawing Resource Workload",
        "benchrace.plugin.engine.process": "EngineProcess answers_at",
        "benchrace.plugin.llm": (
            "Ask ErrorBody Loaded Oddities Parts Delta TextBackend TextLane Whereabouts endpoint "
            "error_of find_error read_parts times_are_credible whereabouts words "
        ),
    },
)
