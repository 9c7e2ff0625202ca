"""What a lane may ask beside what every text engine has: which of the servers."""

from typing import Annotated

from benchrace.plugin import GpuName, LlmParams, Meta, ServeParams

ServerName = Annotated[
    str,
    Meta(
        title="Server",
        description="By its name in agent.yaml; empty is the first that has the model.",
        max_length=64,
    ),
]


class GenerateOptions(LlmParams, frozen=True, kw_only=True):
    """One answer a round, from one of the servers."""

    server: ServerName = ""
    gpu: GpuName = ""
    perplexity: Annotated[
        bool,
        Meta(
            title="Perplexity",
            description="Measures before the rounds how well the model foresees a fixed text.",
        ),
    ] = False


class ServeOptions(ServeParams, frozen=True, kw_only=True):
    """Many answers a round, from one of the servers."""

    server: ServerName = ""
    gpu: GpuName = ""
