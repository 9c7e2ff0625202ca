"""Parameters of a workflow: a graph of the user's own, and what a lane changes in it."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.kinds.image.params import NEW_SEED, Loras, Seed, Start, TimeLimit
from benchrace.kinds.kind import Params
from benchrace.kinds.llm.params import Residence

_TEXT = {"multiline": True}
_NAME_CHARS = 300

# A node's number, or its title where only one node has it.
NodeName = Annotated[str, Meta(min_length=1, max_length=_NAME_CHARS)] | int
InputPath = Annotated[str, Meta(min_length=1, max_length=_NAME_CHARS)]
ParameterName = Annotated[str, Meta(min_length=1, max_length=100)]


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An input of a node, and its new value. `path` is the input's name, or `inputs.` and it."""

    node: NodeName
    path: InputPath
    value: Any


class Binding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The input that takes a parameter: one of the workload's, or a name in `values`."""

    parameter: ParameterName
    node: NodeName
    path: InputPath


class InputImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image that is uploaded for an input of a node, from where workflows come from, too."""

    node: NodeName
    path: InputPath = "image"
    source: Annotated[str, Meta(min_length=1)]


class WorkflowParams(Params, frozen=True, kw_only=True):
    """One graph a round. Null and empty leave a value as the workflow has it.

    They are applied in this order: `overrides`, `images`, then `base_model` and the other
    parameters, those in `values` among them, `loras`, and `seed`.
    """

    workflow: Annotated[
        str | dict[str, Any],
        Meta(
            title="Workflow",
            description=(
                "In the API format: the graph itself, a file in the agent's folder, or an address "
                "(https://, s3://)."
            ),
            extra_json_schema=_TEXT,
        ),
    ] = ""
    base_model: Annotated[
        str,
        Meta(
            title="Checkpoint",
            description="Instead of the workflow's own.",
            max_length=_NAME_CHARS,
            extra_json_schema={"choices": "models"},
        ),
    ] = ""
    prompt: Annotated[
        Annotated[str, Meta(max_length=20_000)] | None,
        Meta(title="Prompt", description="Instead of the workflow's own."),
    ] = None
    negative: Annotated[
        Annotated[str, Meta(max_length=20_000)] | None,
        Meta(title="Negative prompt", description="What the image does not show."),
    ] = None
    width: Annotated[
        Annotated[int, Meta(ge=16, le=16_384)] | None,
        Meta(title="Width", description="Of each image; where the workflow has a size."),
    ] = None
    height: Annotated[
        Annotated[int, Meta(ge=16, le=16_384)] | None,
        Meta(title="Height", description="Of each image; where the workflow has a size."),
    ] = None
    steps: Annotated[
        Annotated[int, Meta(ge=1, le=10_000)] | None,
        Meta(title="Steps", description="Sampling steps, of the only sampler."),
    ] = None
    cfg: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None,
        Meta(title="CFG scale", description="How closely the prompt is followed."),
    ] = None
    sampler: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(title="Sampler", description="By the engine's name, or as front ends show it."),
    ] = None
    scheduler: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(title="Scheduler", description="Empty: as in the sampler's name, or in the workflow."),
    ] = None
    batch: Annotated[
        Annotated[int, Meta(ge=1, le=256)] | None,
        Meta(title="Batch", description="Images that are sampled together."),
    ] = None
    loras: Loras = ()
    images: Annotated[
        tuple[InputImage, ...],
        Meta(
            title="Images",
            description='Uploaded before the rounds: [{"node": "10", "source": "photo.png"}].',
            max_length=16,
        ),
    ] = ()
    bindings: Annotated[
        tuple[Binding, ...],
        Meta(
            title="Bindings",
            description="Which input takes a parameter: "
            '[{"parameter": "prompt", "node": "6", "path": "text"}].',
            max_length=100,
        ),
    ] = ()
    values: Annotated[
        dict[ParameterName, Any],
        Meta(
            title="Values",
            description='Values of your own parameters: {"denoise": 0.6}.',
            max_length=100,
        ),
    ] = msgspec.field(default_factory=dict)
    overrides: Annotated[
        tuple[Override, ...],
        Meta(
            title="Overrides",
            description='Inputs to change: [{"node": "3", "path": "cfg", "value": 5.5}].',
            max_length=100,
        ),
    ] = ()
    seed: Seed = NEW_SEED
    allow_no_seed: Annotated[
        bool,
        Meta(
            title="Allow no seed",
            description="Races a workflow without a seed, from a cold start only.",
        ),
    ] = False
    residence: Start = Residence.WARM
    time_limit_s: TimeLimit = 0.0
