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
        TRANSCRIBE,
        TXT2IMG,
        WORKFLOW,
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
    from benchrace.kinds.ceiling import (
        GEMM,
        GEMV,
        GPU_MEMORY_BANDWIDTH,
        MEMORY_BANDWIDTH,
        GemmParams,
        GemmRecord,
        GemvParams,
        GemvRecord,
        GpuMemoryParams,
        GpuMemoryRecord,
        MemoryParams,
        MemoryRecord,
        Sweep,
    )
    from benchrace.kinds.image import (
        IMAGE_PRESETS,
        MAX_SEED,
        NEW_SEED,
        Binding,
        ImageClock,
        ImageOutput,
        ImageParams,
        ImagePhases,
        ImageRecord,
        InputImage,
        Lora,
        Override,
        SamplerSpan,
        ServerTimes,
        WorkflowParams,
    )
    from benchrace.kinds.llm import (
        TEXT_PRESETS,
        Answer,
        CacheProof,
        CacheState,
        EngineFacts,
        EngineTimes,
        Fallback,
        LlmParams,
        LlmRecord,
        NetworkBytes,
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
    from benchrace.kinds.speech import (
        SPEECH_PRESETS,
        ErrorCounts,
        Normalizer,
        Processor,
        SpeechParams,
        SpeechRecord,
        SpeechTask,
        Transcript,
        Utterance,
    )
    from benchrace.kinds.speech import totals as speech_totals
    from benchrace.plugin.assets import Asset, AssetKind, Assets, PlacedAsset, place_all
    from benchrace.plugin.backend import Backend, Config, Lane
    from benchrace.plugin.context import Context, RoundInfo
    from benchrace.plugin.engine.device import Device, GpuName
    from benchrace.plugin.engine.device import find as find_gpu
    from benchrace.plugin.engine.gpu_hold import EngineGpu
    from benchrace.plugin.engine.launch import Launch
    from benchrace.plugin.engine.listeners import Listener, listeners
    from benchrace.plugin.engine.process import EngineProcess, answers_at
    from benchrace.plugin.engine.process import log_dir as engine_log_dir
    from benchrace.plugin.gguf.attention import kv_layers, layer_count
    from benchrace.plugin.gguf.attention import whole as whole_number
    from benchrace.plugin.gguf.weights import describe as describe_weights
    from benchrace.plugin.hookspecs import hookimpl
    from benchrace.plugin.lending import Lending, Lent, LentDevice, Peer
    from benchrace.plugin.lenient import JsonReader, parse_json, to_struct
    from benchrace.plugin.llm import chat_api
    from benchrace.plugin.llm.backend import TextBackend
    from benchrace.plugin.llm.locality import Whereabouts, endpoint, whereabouts
    from benchrace.plugin.llm.prompt import Ask
    from benchrace.plugin.llm.response.delta import Delta
    from benchrace.plugin.llm.response.error_body import ErrorBody, find_error
    from benchrace.plugin.llm.response.foreign import error_of
    from benchrace.plugin.llm.response.oddities import Oddities
    from benchrace.plugin.llm.response.parts import Parts, read_parts
    from benchrace.plugin.llm.response.words import words
    from benchrace.plugin.llm.text_lane import Loaded, TextLane
    from benchrace.plugin.llm.waiting import times_are_credible
    from benchrace.plugin.operations import (
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
    "GEMM",
    "GEMV",
    "GPU_MEMORY_BANDWIDTH",
    "IMAGE_PRESETS",
    "LLM",
    "MAX_SEED",
    "MEMORY_BANDWIDTH",
    "NEW_SEED",
    "SERVE",
    "SPEECH_PRESETS",
    "TEXT_PRESETS",
    "TRANSCRIBE",
    "TXT2IMG",
    "WORKFLOW",
    "Annotated",
    "Answer",
    "Ask",
    "Asset",
    "AssetKind",
    "Assets",
    "Backend",
    "BenchraceError",
    "Better",
    "Binding",
    "CacheProof",
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
    "ErrorCounts",
    "Estimator",
    "Failure",
    "Fallback",
    "FieldError",
    "Format",
    "GemmParams",
    "GemmRecord",
    "GemvParams",
    "GemvRecord",
    "GpuMemoryParams",
    "GpuMemoryRecord",
    "GpuName",
    "ImageClock",
    "ImageOutput",
    "ImageParams",
    "ImagePhases",
    "ImageRecord",
    "InputImage",
    "InvalidInput",
    "JsonReader",
    "Kind",
    "KvLayers",
    "Lag",
    "Lane",
    "LaneRecord",
    "Launch",
    "Lending",
    "Lent",
    "LentDevice",
    "Listener",
    "LlmParams",
    "LlmRecord",
    "Loaded",
    "Lora",
    "Measured",
    "MemoryParams",
    "MemoryRecord",
    "Meta",
    "Metric",
    "Model",
    "NetworkBytes",
    "Normalizer",
    "NotOffered",
    "Oddities",
    "Operated",
    "Operation",
    "Override",
    "Params",
    "Parts",
    "Peer",
    "Perplexity",
    "PlacedAsset",
    "Prefix",
    "Probe",
    "Problem",
    "Processor",
    "Readiness",
    "Reason",
    "Record",
    "Rendering",
    "Reset",
    "Residence",
    "Resident",
    "Resource",
    "RoundInfo",
    "SamplerSpan",
    "ServeParams",
    "ServeRecord",
    "ServerTimes",
    "SpeechParams",
    "SpeechRecord",
    "SpeechTask",
    "Startable",
    "Stream",
    "StreamEnd",
    "StreamLimits",
    "StreamRequest",
    "Streams",
    "Sweep",
    "TextBackend",
    "TextLane",
    "TextParams",
    "Thinking",
    "TimingSource",
    "Transcript",
    "Unloaded",
    "Usage",
    "Utterance",
    "Whereabouts",
    "WorkflowParams",
    "Workload",
    "Writing",
    "Written",
    "answers_at",
    "chat_api",
    "credential",
    "describe_weights",
    "duration",
    "endpoint",
    "energy_work",
    "engine_log_dir",
    "error_of",
    "find_error",
    "find_gpu",
    "hookimpl",
    "kv_layers",
    "layer_count",
    "listeners",
    "parse_json",
    "percent",
    "place_all",
    "read_parts",
    "speech_totals",
    "times_are_credible",
    "to_struct",
    "whereabouts",
    "whole_number",
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
            "COMPUTE LLM SERVE TRANSCRIBE TXT2IMG WORKFLOW Better ComputeParams ComputeRecord "
            "EnergyWork Estimator Kind LaneRecord Metric Params Record energy_work "
        ),
        "benchrace.kinds.ceiling": (
            "GEMM GEMV GPU_MEMORY_BANDWIDTH MEMORY_BANDWIDTH GemmParams GemmRecord GemvParams "
            "GemvRecord GpuMemoryParams GpuMemoryRecord MemoryParams MemoryRecord Sweep "
        ),
        "benchrace.kinds.image": (
            "IMAGE_PRESETS MAX_SEED NEW_SEED Binding ImageClock ImageOutput ImageParams "
            "ImagePhases ImageRecord InputImage Lora Override SamplerSpan ServerTimes "
            "WorkflowParams "
        ),
        "benchrace.kinds.llm": (
            "TEXT_PRESETS Answer CacheProof CacheState EngineFacts EngineTimes Fallback LlmParams "
            "LlmRecord NetworkBytes Perplexity Prefix Rendering Residence ServeParams ServeRecord "
            "TextParams Thinking Usage "
        ),
        "benchrace.plugin.assets": "Asset AssetKind Assets PlacedAsset place_all",
        "benchrace.kinds.speech": (
            "SPEECH_PRESETS ErrorCounts Normalizer Processor SpeechParams SpeechRecord SpeechTask "
            "Transcript Utterance totals:speech_totals "
        ),
        "benchrace.plugin.backend": "Backend Config Lane",
        "benchrace.plugin.context": "Context RoundInfo",
        "benchrace.plugin.engine.device": "Device GpuName find:find_gpu",
        "benchrace.plugin.engine.gpu_hold": "EngineGpu",
        "benchrace.plugin.engine.launch": "Launch",
        "benchrace.plugin.engine.listeners": "Listener listeners",
        "benchrace.plugin.gguf.attention": "kv_layers layer_count whole:whole_number",
        "benchrace.plugin.gguf.weights": "describe:describe_weights",
        "benchrace.plugin.lending": "Lending Lent LentDevice Peer",
        "benchrace.plugin.lenient": "JsonReader parse_json to_struct",
        "benchrace.plugin.operations": (
            "NotOffered Operated Operation Reset Unloaded Writing Written "
        ),
        "benchrace.plugin.readiness": "KvLayers Model Probe Problem Readiness Resident Startable",
        "benchrace.plugin.hookspecs": "hookimpl",
        "benchrace.plugin.stream": (
            "Chunk Format Lag Stream StreamEnd StreamLimits StreamRequest Streams TimingSource "
        ),
        "benchrace.plugin.workload": "Drawing Resource Workload",
        "benchrace.plugin.engine.process": "EngineProcess answers_at log_dir:engine_log_dir",
        "benchrace.plugin.llm": "chat_api",
        "benchrace.plugin.llm.backend": "TextBackend",
        "benchrace.plugin.llm.locality": "Whereabouts endpoint whereabouts",
        "benchrace.plugin.llm.prompt": "Ask",
        "benchrace.plugin.llm.response.delta": "Delta",
        "benchrace.plugin.llm.response.error_body": "ErrorBody find_error",
        "benchrace.plugin.llm.response.foreign": "error_of",
        "benchrace.plugin.llm.response.oddities": "Oddities",
        "benchrace.plugin.llm.response.parts": "Parts read_parts",
        "benchrace.plugin.llm.response.words": "words",
        "benchrace.plugin.llm.text_lane": "Loaded TextLane",
        "benchrace.plugin.llm.waiting": "times_are_credible",
    },
)
