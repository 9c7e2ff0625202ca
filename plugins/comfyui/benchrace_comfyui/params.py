"""The parameters of a lane, in addition to those of every engine for images."""

from collections.abc import Mapping
from typing import Annotated, Any

from benchrace.plugin import (
    IMAGE_PRESETS,
    TXT2IMG,
    WORKFLOW,
    Drawing,
    ImageParams,
    Kind,
    Meta,
    Params,
    Resource,
    WorkflowParams,
    Workload,
)

AllowCpu = Annotated[
    bool,
    Meta(
        title="Allow CPU",
        description="Races a ComfyUI that runs on the CPU, which is refused otherwise.",
    ),
]


Previews = Annotated[
    bool,
    Meta(
        title="Previews",
        description="Shows the image while it is sampled; that costs time, so rounds are marked.",
    ),
]


class ImageOptions(ImageParams, frozen=True, kw_only=True):
    """The parameters of an image from text on ComfyUI."""

    allow_cpu: AllowCpu = False
    previews: Previews = False


class WorkflowOptions(WorkflowParams, frozen=True, kw_only=True):
    """The parameters of a workflow on ComfyUI."""

    allow_cpu: AllowCpu = False
    previews: Previews = False


def _workload(
    kind: Kind,
    params: type[Params],
    load_params: tuple[str, ...],
    presets: Mapping[str, Mapping[str, Any]],
) -> Workload:
    return Workload(
        kind=kind,
        params=params,
        presets=presets,
        saturates=frozenset({Resource.CPU, Resource.GPU, Resource.MEMORY}),
        drawing=Drawing.IMAGE,
        # A prompt of another lane drops the nodes that ComfyUI has cached, its models among them.
        together=False,
        load_params=load_params,
    )


IMAGES = _workload(TXT2IMG, ImageOptions, ("model", "vae", "loras", "residence"), IMAGE_PRESETS)
WORKFLOWS = _workload(
    WORKFLOW, WorkflowOptions, ("workflow", "base_model", "loras", "residence"), {}
)
