"""Check a whole graph against what the server says of its nodes, before it is queued."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from benchrace_comfyui.graph.graph import link, links
from benchrace_comfyui.graph.object_info import COMBO, Input, NodeInfo, is_dynamic
from benchrace_comfyui.workflow.document import Document, label
from benchrace_comfyui.workflow.roles import Infos

# They fit every link.
_LOOSE = frozenset(["*", COMBO])
# What no editor has a field for: a value in its place is a mistake.
_LINKS = frozenset(
    ["MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK", "NOISE", "SAMPLER"]
)
_NAMED = 32


class Fault(NamedTuple):
    """What is wrong with an input of a node."""

    node: str
    input: str
    text: str


def faults(
    nodes: Document, infos: Infos, reached: Collection[str], changed: Collection[tuple[str, str]]
) -> Iterator[Fault]:
    """Yield what the server would refuse, or silently change.

    `reached` are the nodes that lead to an output, `changed` the inputs that the lane has set.
    """
    for node in reached:
        part = nodes[node]
        info = infos[part["class_type"]]
        inputs: Mapping[str, Any] = part["inputs"]
        for name, own in info.inputs.items():
            if name in inputs:
                strict = (node, name) in changed
                if text := _refused(nodes, infos, own, inputs[name], strict=strict):
                    yield Fault(node, name, text)
            elif own.required and not (own.is_dynamic and _parts(name, inputs)):
                yield Fault(node, name, f"{label(nodes, node)} lacks its input {name}")
        for name in inputs:
            if (node, name) in changed and not _is_known(name, info):
                yield Fault(node, name, unknown(nodes, node, name, info))
    yield from _circles({node: nodes[node] for node in reached})


def _refused(nodes: Document, infos: Infos, own: Input, value: Any, *, strict: bool) -> str | None:
    """Return why the value of an input is refused."""
    source = link(value)
    if source is not None:
        return _link(nodes, infos, own, source.node, source.slot)
    if own.kind in _LINKS:
        return f"it takes the output of a node ({own.kind}), not a value"
    if own.choices is not None:
        # Files in subfolders are not listed, nor are those of another folder: `a.png [output]`.
        is_elsewhere = own.uploads and isinstance(value, str) and ("/" in value or "[" in value)
        return None if is_elsewhere else own.refuses_choice(str(value))
    if own.kind in ("INT", "FLOAT"):
        return _number(own, value, strict=strict)
    if own.kind == "BOOLEAN" and strict and not isinstance(value, bool):
        return f"{value!r:.100} is not true or false"
    return None


def _number(own: Input, value: Any, *, strict: bool) -> str | None:
    """Check a number; the server takes `"4"` for 4."""
    try:
        if isinstance(value, bool) or (strict and isinstance(value, str)):
            raise ValueError(value)
        number = int(value) if own.kind == "INT" else float(value)
    except (TypeError, ValueError):
        return f"{value!r:.100} is not a number ({own.kind})"
    if own.kind == "INT" and number != float(value):
        return f"{value!r:.100} is not a whole number"
    # Servers do not check steps, and editors round only what is typed.
    checked = own if strict else own._replace(step=None)
    return checked.refuses_number(number)


def _link(nodes: Document, infos: Infos, own: Input, node: str, slot: int) -> str | None:
    if node not in nodes:
        return f"its link leads to node {node!r:.100}, which the workflow does not have"
    outputs = infos[nodes[node]["class_type"]].outputs
    if not 0 <= slot < len(outputs):
        return f"{label(nodes, node)} has no output {slot}: it has {len(outputs)}"
    have, want = _kinds(outputs[slot]), _kinds(own.kind)
    if have & want or any(kind in _LOOSE or is_dynamic(kind) for kind in have | want):
        return None
    return f"it takes {own.kind}, and {label(nodes, node)} gives {outputs[slot]}"


def _kinds(text: str) -> set[str]:
    return {kind.strip() for kind in text.split(",")}


def _parts(name: str, inputs: Mapping[str, Any]) -> list[str]:
    """Return the inputs that a dynamic one consists of: `images.image0`."""
    return [other for other in inputs if other.startswith(f"{name}.")]


def _is_known(name: str, info: NodeInfo) -> bool:
    own = info.of(name) or info.of(name.partition(".")[0])
    return own is not None and (name in info.inputs or own.is_dynamic)


def unknown(nodes: Document, node: str, name: str, info: NodeInfo) -> str:
    """Return why a node's input is refused that it does not have."""
    names = ", ".join(list(info.inputs)[:_NAMED]) or "none"
    return f"{label(nodes, node)} has no input {name!r:.100}; it has {names}"


def _circles(nodes: Document) -> Iterator[Fault]:
    """Yield one node of a circle: take away what needs nothing that is left, until all is gone."""
    left = dict(nodes)
    while left:
        free = [
            node
            for node, part in left.items()
            if not any(source.node in left for _, source in links(part))
        ]
        if not free:
            node = next(iter(left))
            name = next(name for name, source in links(left[node]) if source.node in left)
            yield Fault(node, name, "the links form a cycle")
            return
        for node in free:
            del left[node]
