"""The parameters of a lane, in addition to those of every text engine."""

from typing import Annotated

from benchrace.plugin import LlmParams, Meta, ServeParams

Layers = Annotated[
    int,
    Meta(
        title="Layers on devices",
        description="How many layers run on GPUs and workers; 99: all.",
        ge=0,
        le=10_000,
    ),
]
Split = Annotated[
    str,
    Meta(
        title="Split",
        description="Shares of workers and GPUs, such as 3,1; if empty, by their free memory.",
        pattern=r"^(\d+(\.\d+)?(,\d+(\.\d+)?)*)?$",
        max_length=200,
    ),
]
Slots = Annotated[
    int,
    Meta(
        title="Slots",
        description="Answers at the same time, each with its own context; 0: one per stream.",
        ge=0,
        le=256,
    ),
]
LOAD_PARAMS = ("num_ctx", "residence", "gpu_layers", "tensor_split", "slots")


class GenerateOptions(LlmParams, frozen=True, kw_only=True):
    """The parameters of a lane with one answer per round."""

    gpu_layers: Layers = 99
    tensor_split: Split = ""
    slots: Slots = 0
    perplexity: Annotated[
        bool,
        Meta(
            title="Perplexity",
            description="Measures before the rounds how well the model predicts a fixed text.",
        ),
    ] = False


class ServeOptions(ServeParams, frozen=True, kw_only=True):
    """The parameters of a lane with many answers per round."""

    gpu_layers: Layers = 99
    tensor_split: Split = ""
    slots: Slots = 0
