"""What a lane may ask beside what every text engine has: on which GPU Ollama is started."""

from benchrace.plugin import GpuName, LlmParams, ServeParams


class GenerateOptions(LlmParams, frozen=True, kw_only=True):
    """One answer a round."""

    gpu: GpuName = ""


class ServeOptions(ServeParams, frozen=True, kw_only=True):
    """Many answers a round."""

    gpu: GpuName = ""
