"""A changed workflow as what a lane prompts: a graph for each seed."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec

from benchrace.plugin import WorkflowParams
from benchrace_comfyui.graph.graph import Graph, Role, Template, descendants, limit_s
from benchrace_comfyui.graph.txt2img import SAMPLER
from benchrace_comfyui.workflow.apply import Applied
from benchrace_comfyui.workflow.document import InvalidWorkflow, Place, copy
from benchrace_comfyui.workflow.targets import CHECKPOINT, Finder

# Of a workflow that does not tell, such as one that starts from an image.
_STEPS, _SIDE = 20, 1024
_UNKNOWN_FACTOR = 2.0
_KEEP = frozenset([Role.SAMPLING, Role.DECODE, Role.SAVE])


def template(params: WorkflowParams, applied: Applied, name: str) -> Template:
    """Return what a lane prompts; `name` is that of the workflow's file."""
    finder = applied.finder
    width, height, batch = (_number(finder, name) for name in ("width", "height", "batch"))
    steps = max((int(value) for value in _values(finder, "steps") if _is_number(value)), default=0)
    own_s = limit_s(
        steps or _STEPS,
        width or _SIDE,
        height or _SIDE,
        batch or 1,
        factor=1.0 if width and not params.images else _UNKNOWN_FACTOR,
    )
    return Template(
        lambda seed, light: _graph(applied, seed, light=light),
        model=" + ".join(dict.fromkeys(map(str, _values(finder, CHECKPOINT)))),
        digest=_digest(finder),
        steps=steps,
        sampler=_only(_values(finder, "sampler")),
        scheduler=_only(_values(finder, "scheduler")),
        images=batch if _keeps_batch(finder) else params.batch,
        batch=batch,
        limit_s=params.time_limit_s or own_s,
        workflow=name,
        seeds=applied.draws if applied.seeds else None,
    )


def _graph(applied: Applied, seed: int, *, light: bool) -> Graph:
    """Return the graph of a round; a `light` one has one step where that is easily told."""
    nodes = copy(applied.nodes)
    for place in applied.seeds:
        Place(nodes, place.node, str(place)).write(seed)
    for node in nodes.values() if light else ():
        if node["class_type"] == SAMPLER and _is_number(node["inputs"].get("steps")):
            node["inputs"]["steps"] = 1
    return Graph(nodes, applied.finder.roles, applied.works)


def _digest(finder: Finder) -> str:
    """Return a digest of the prompts and input images: equal digests ask for the same image."""
    nodes = finder.nodes
    images = [
        str(nodes[node]["inputs"].get(name))
        for node in finder.roles
        for name, own in finder.infos[nodes[node]["class_type"]].inputs.items()
        if own.uploads
    ]
    texts = [finder.texts("prompt"), finder.texts("negative"), images]
    return f"sha256:{hashlib.sha256(msgspec.json.encode(texts)).hexdigest()}"


def _keeps_batch(finder: Finder) -> bool:
    """Check that nothing behind the only empty latent makes more or fewer images of it."""
    after = descendants(finder.nodes, *finder.latents) & finder.roles.keys()
    roles = {finder.roles[node] for node in after - {*finder.latents}}
    return len(finder.latents) == 1 and roles <= _KEEP


def _number(finder: Finder, parameter: str) -> int | None:
    """Return the number of the only input that a parameter can be."""
    values = _values(finder, parameter)
    return int(values[0]) if len(values) == 1 and _is_number(values[0]) else None


def _values(finder: Finder, parameter: str) -> list[Any]:
    values: list[Any] = []
    with suppress(InvalidWorkflow):
        values += [place.read() for place in finder.values(parameter)]
    return values


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _only(values: Iterable[object]) -> str:
    names = dict.fromkeys(map(str, values))
    return next(iter(names)) if len(names) == 1 else ""
