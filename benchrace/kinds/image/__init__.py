"""Images: one graph per round, from text or as a workflow of the user's own."""

from typing import TYPE_CHECKING

from benchrace.lazy import exports

if TYPE_CHECKING:
    from benchrace.kinds.image.params import IMAGE_PRESETS, MAX_SEED, NEW_SEED, ImageParams, Lora
    from benchrace.kinds.image.record import (
        ImageClock,
        ImageOutput,
        ImagePhases,
        ImageRecord,
        SamplerSpan,
        ServerTimes,
    )
    from benchrace.kinds.image.txt2img import TXT2IMG
    from benchrace.kinds.image.workflow import WORKFLOW
    from benchrace.kinds.image.workflow_params import (
        Binding,
        InputImage,
        Override,
        WorkflowParams,
    )

__all__ = [
    "IMAGE_PRESETS",
    "MAX_SEED",
    "NEW_SEED",
    "TXT2IMG",
    "WORKFLOW",
    "Binding",
    "ImageClock",
    "ImageOutput",
    "ImageParams",
    "ImagePhases",
    "ImageRecord",
    "InputImage",
    "Lora",
    "Override",
    "SamplerSpan",
    "ServerTimes",
    "WorkflowParams",
]

__getattr__ = exports(
    __name__,
    {
        "benchrace.kinds.image.params": "IMAGE_PRESETS MAX_SEED NEW_SEED ImageParams Lora",
        "benchrace.kinds.image.record": (
            "ImageClock ImageOutput ImagePhases ImageRecord SamplerSpan ServerTimes"
        ),
        "benchrace.kinds.image.txt2img": "TXT2IMG",
        "benchrace.kinds.image.workflow": "WORKFLOW",
        "benchrace.kinds.image.workflow_params": "Binding InputImage Override WorkflowParams",
    },
)
