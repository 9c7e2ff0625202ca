"""The workloads, with the options that only one engine has."""

from enum import StrEnum
from typing import Annotated

from benchrace.plugin import (
    SPEECH_PRESETS,
    TRANSCRIBE,
    Drawing,
    Meta,
    Resource,
    SpeechParams,
    Workload,
)

_COMPUTES = frozenset([Resource.CPU, Resource.GPU, Resource.MEMORY])


class ComputeType(StrEnum):
    """The arithmetic of CTranslate2; `auto` is its fastest on the device."""

    AUTO = "auto"
    DEFAULT = "default"
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT16 = "int16"
    INT8 = "int8"
    INT8_FLOAT32 = "int8_float32"
    INT8_FLOAT16 = "int8_float16"
    INT8_BFLOAT16 = "int8_bfloat16"


class FasterOptions(SpeechParams, frozen=True, kw_only=True):
    """Adds the arithmetic."""

    compute_type: Annotated[
        ComputeType,
        Meta(
            title="Compute type",
            description="Arithmetic of the model; default: as its weights are stored.",
        ),
    ] = ComputeType.DEFAULT


class CppOptions(SpeechParams, frozen=True, kw_only=True):
    """Adds the model of the VAD, which whisper.cpp does not bring, and flash attention."""

    vad_model: Annotated[
        str,
        Meta(
            title="VAD model",
            description="A ggml file of Silero VAD in the folder of models; needed with VAD.",
            max_length=300,
        ),
    ] = ""
    flash_attention: Annotated[
        bool, Meta(title="Flash attention", description="Faster attention with less memory.")
    ] = True


FASTER = Workload(
    kind=TRANSCRIBE,
    params=FasterOptions,
    presets={**SPEECH_PRESETS, "batched": {"batch": 8, "vad": True}},
    saturates=_COMPUTES,
    drawing=Drawing.LINES,
    together=False,
    load_params=("compute_type", "device", "threads"),
)
CPP = Workload(
    kind=TRANSCRIBE,
    params=CppOptions,
    presets=SPEECH_PRESETS,
    saturates=_COMPUTES,
    drawing=Drawing.LINES,
    together=False,
    load_params=("device", "flash_attention"),
)
SERVER = Workload(
    kind=TRANSCRIBE,
    # A server decides about its beam by itself.
    presets={name: values for name, values in SPEECH_PRESETS.items() if "beam" not in values},
    saturates=_COMPUTES,
    drawing=Drawing.LINES,
)
