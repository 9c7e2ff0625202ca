"""Check a lane against the server's own description of its nodes, before anything is queued."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchrace.plugin import NEW_SEED, Context, FieldError, Problem
from benchrace_comfyui.facts import Server
from benchrace_comfyui.graph.names import Names, contradiction, resolve
from benchrace_comfyui.graph.object_info import Input, NodeInfo, ObjectInfo
from benchrace_comfyui.graph.txt2img import (
    CHECKPOINT,
    LATENT,
    LORA,
    SAMPLER,
    SKIP,
    VAE,
    build,
    classes,
    template,
)
from benchrace_comfyui.params import ImageOptions, WorkflowOptions
from benchrace_comfyui.plan import Plan, planned
from benchrace_comfyui.workflow import preflight as workflow


class Check(NamedTuple):
    """A parameter, the node and the input that take it, and the value that the input gets."""

    field: str
    node: str
    input: str
    value: str | float


async def plan(
    server: Server,
    info: ObjectInfo,
    params: ImageOptions | WorkflowOptions,
    folder: Path | None,
    context: Context,
) -> Plan:
    """Check everything that a lane names; raises as the client does.

    `folder` has workflows and their images.
    """
    if isinstance(params, WorkflowOptions):
        return await workflow.plan(server, info, params, folder, context)
    return await plan_image(server, info, params)


async def plan_image(server: Server, info: ObjectInfo, params: ImageOptions) -> Plan:
    """Check every name and number of an image from text; raises as the client does."""
    nodes = {name: await info.node(name) for name in classes(params)}
    infos = {name: node for name, node in nodes.items() if node is not None}
    missing = [name for name, node in nodes.items() if node is None]
    names = _names(params, infos.get(SAMPLER))
    fields = [*_model(params), *_fields(params, names, infos)]
    problems = [*_missing(missing), *_unknown_inputs(params, names, infos)]
    return planned(server, params, template(params, names), fields, problems)


def _names(params: ImageOptions, sampler: NodeInfo | None) -> Names:
    def choices(name: str) -> Sequence[str]:
        own = None if sampler is None else sampler.of(name)
        return (own.choices if own else None) or ()

    return resolve(params.sampler, params.scheduler, choices("sampler_name"), choices("scheduler"))


def _model(params: ImageOptions) -> Iterator[FieldError]:
    if not params.model:
        yield FieldError("model", "name a checkpoint that ComfyUI has")


def _fields(params: ImageOptions, names: Names, infos: dict[str, NodeInfo]) -> Iterator[FieldError]:
    if (text := contradiction(names, params.sampler, params.scheduler)) is not None:
        yield FieldError("scheduler", text)
    for check in _checks(params, names):
        node = infos.get(check.node)
        own = None if node is None else node.of(check.input)
        refused = None if own is None else _refused(own, check.value)
        if refused is not None:
            yield FieldError(check.field, refused)


def _refused(own: Input, value: str | float) -> str | None:
    return own.refuses_choice(value) if isinstance(value, str) else own.refuses_number(value)


def _checks(params: ImageOptions, names: Names) -> Iterator[Check]:
    if params.model:
        yield Check("model", CHECKPOINT, "ckpt_name", params.model)
    if params.vae:
        yield Check("vae", VAE, "vae_name", params.vae)
    for at, lora in enumerate(params.loras):
        yield Check(f"loras[{at}].name", LORA, "lora_name", lora.name)
        yield Check(f"loras[{at}].strength", LORA, "strength_model", lora.strength)
        if lora.clip_strength is not None:
            yield Check(f"loras[{at}].clip_strength", LORA, "strength_clip", lora.clip_strength)
    yield Check("sampler", SAMPLER, "sampler_name", names.sampler)
    yield Check("scheduler", SAMPLER, "scheduler", names.scheduler)
    yield Check("steps", SAMPLER, "steps", params.steps)
    yield Check("cfg", SAMPLER, "cfg", params.cfg)
    if params.seed != NEW_SEED:
        yield Check("seed", SAMPLER, "seed", params.seed)
    yield Check("width", LATENT, "width", params.width)
    yield Check("height", LATENT, "height", params.height)
    yield Check("batch", LATENT, "batch_size", params.batch)
    if params.clip_skip > 1:
        yield Check("clip_skip", SKIP, "stop_at_clip_layer", -params.clip_skip)


def _missing(nodes: Sequence[str]) -> Iterator[Problem]:
    if nodes:
        yield Problem(
            message=f"ComfyUI has no node {', '.join(nodes)}",
            remedy="Update ComfyUI: every version that is supported has them.",
        )


def _unknown_inputs(
    params: ImageOptions, names: Names, infos: dict[str, NodeInfo]
) -> Iterator[Problem]:
    """Yield inputs that a newer server requires, and this plugin does not know."""
    lacking: dict[str, None] = {}
    nodes: Sequence[Any] = list(build(params, names, 0).nodes.values())
    for node in nodes:
        info = infos.get(node["class_type"])
        for name, own in ({} if info is None else info.inputs).items():
            if own.required and name not in node["inputs"]:
                lacking[f"{node['class_type']}.{name}"] = None
    if lacking:
        yield Problem(
            message=f"this ComfyUI requires inputs that are unknown here: {', '.join(lacking)}",
            remedy="Update benchrace-comfyui.",
        )
