"""The parameters of a lane, in addition to those of every text engine."""

from benchrace.plugin import GpuName, LlmParams, ServeParams


class GenerateOptions(LlmParams, frozen=True, kw_only=True):
    """The parameters of a lane with one answer per round."""

    gpu: GpuName = ""


class ServeOptions(ServeParams, frozen=True, kw_only=True):
    """The parameters of a lane with many answers per round."""

    gpu: GpuName = ""
