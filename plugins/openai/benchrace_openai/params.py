"""The parameters of a lane, in addition to those of every text engine."""

from typing import Annotated

from benchrace.plugin import GpuName, LlmParams, Meta, ServeParams

ServerName = Annotated[
    str,
    Meta(
        title="Server",
        description="By its name in agent.yaml; if empty, the first one that has the model.",
        max_length=64,
    ),
]


class GenerateOptions(LlmParams, frozen=True, kw_only=True):
    """The parameters of a lane with one answer per round."""

    server: ServerName = ""
    gpu: GpuName = ""
    perplexity: Annotated[
        bool,
        Meta(
            title="Perplexity",
            description="Measures before the rounds how well the model predicts a fixed text.",
        ),
    ] = False


class ServeOptions(ServeParams, frozen=True, kw_only=True):
    """The parameters of a lane with many answers per round."""

    server: ServerName = ""
    gpu: GpuName = ""
