"""Read a workflow in the API format, and find nodes and inputs in it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace.plugin import parse_json
from benchrace_comfyui.graph.graph import link

MAX_NODES = 2000
_NAMED = 32
_EXPORT = "in ComfyUI, choose Workflow > Export (API)"
Document = dict[str, dict[str, Any]]


class InvalidWorkflow(Exception):
    """A document that is not a graph, or a place that it does not have; the text says why."""


def parse(data: bytes) -> Document:
    """Read a workflow; raises `InvalidWorkflow`."""
    try:
        return read(parse_json(data))
    except msgspec.MsgspecError as error:
        raise InvalidWorkflow(f"not JSON: {error}") from error


def read(document: Any) -> Document:
    """Read a workflow from JSON values; raises `InvalidWorkflow`.

    The body of a request to /prompt has it as `prompt`.
    """
    if isinstance(document, Mapping) and isinstance(document.get("prompt"), Mapping):
        document = document["prompt"]
    if not isinstance(document, Mapping) or not document:
        raise InvalidWorkflow(f"not a graph of nodes: {_EXPORT}")
    if isinstance(document.get("nodes"), list):
        raise InvalidWorkflow(f"this is the editor's layout, which a server cannot run: {_EXPORT}")
    if len(document) > MAX_NODES:
        raise InvalidWorkflow(f"it has {len(document)} nodes; at most {MAX_NODES}")
    return {str(name): _node(str(name), node) for name, node in document.items()}


def _node(name: str, node: Any) -> dict[str, Any]:
    if not isinstance(node, Mapping) or not isinstance(node.get("class_type"), str):
        raise InvalidWorkflow(f"node {name!r:.100} has no class_type: {_EXPORT}")
    if not isinstance(node.get("inputs"), Mapping):
        raise InvalidWorkflow(f"node {name!r:.100} has no inputs: {_EXPORT}")
    inputs = copy(node["inputs"])
    return {**node, "inputs": {key: normal(value) for key, value in inputs.items()}}


def normal(value: Any) -> Any:
    """Return the value of an input as a server takes it: a link names its node by a text."""
    source = link(value)
    return value if source is None else list(source)


def copy(value: Any) -> Any:
    """Copy JSON values, so that a change stays here."""
    if isinstance(value, Mapping):
        return {str(key): copy(part) for key, part in value.items()}
    return [copy(part) for part in value] if isinstance(value, list | tuple) else value


def find(nodes: Document, name: str | int) -> str:
    """Find a node by its number, or by a title that only one has; raises `InvalidWorkflow`."""
    if str(name) in nodes:
        return str(name)
    titled = [node for node, part in nodes.items() if _title(part) == name]
    if len(titled) == 1:
        return titled[0]
    if titled:
        raise InvalidWorkflow(f"several nodes have the title {name!r:.100}: {', '.join(titled)}")
    names = ", ".join(f"{node} ({part['class_type']})" for node, part in list(nodes.items())[:64])
    raise InvalidWorkflow(f"unknown node {name!r:.100}; the workflow has {names}")


def label(nodes: Document, node: str) -> str:
    """Return a node as messages show it: `KSampler (3)`."""
    return f"{nodes[node]['class_type']} ({node})"


class Place:
    """An input of a node, or what is below it: `text`, `inputs.text`, `lora_1.strength`."""

    def __init__(self, nodes: Document, node: str, path: str) -> None:
        self.node = node
        self._inputs = nodes[node]["inputs"]
        self._keys = _keys(self._inputs, path.removeprefix("inputs."))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and (self.node, self._keys) == (other.node, other._keys)

    def __hash__(self) -> int:
        return hash((self.node, *self._keys))

    def __str__(self) -> str:
        return ".".join(map(str, self._keys))

    @property
    def input(self) -> str:
        """The input's name."""
        return str(self._keys[0])

    @property
    def is_input(self) -> bool:
        """Check whether it is the input itself, and nothing below it."""
        return len(self._keys) == 1

    def overlaps(self, other: "Place") -> bool:
        """Check whether one of both is the other, or is below it."""
        common = min(len(self._keys), len(other._keys))
        return self.node == other.node and self._keys[:common] == other._keys[:common]

    def read(self) -> Any:
        """Return its value, None without one; raises `InvalidWorkflow`."""
        holder = self._holder()
        if isinstance(holder, dict):
            return holder.get(self._keys[-1])
        return holder[int(self._keys[-1])]

    def write(self, value: Any) -> None:
        """Set its value; raises `InvalidWorkflow`."""
        holder = self._holder()
        last = self._keys[-1]
        holder[last if isinstance(holder, dict) else int(last)] = value

    def _holder(self) -> Any:
        holder: Any = self._inputs
        for key in self._keys[:-1]:
            holder = _below(holder, key)
        if isinstance(holder, list) or (isinstance(holder, dict) and not self.is_input):
            _below(holder, self._keys[-1])
        elif not isinstance(holder, dict):
            raise InvalidWorkflow(f"{self} is below a value: name an input")
        return holder


def _keys(inputs: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Split a path; a name of an input may have dots of its own."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        head = ".".join(parts[:count])
        if head in inputs:
            return (head, *parts[count:])
    return (path,)


def _below(holder: Any, key: str) -> Any:
    if isinstance(holder, dict) and key in holder:
        return holder[key]
    if isinstance(holder, list) and key.isdecimal() and int(key) < len(holder):
        return holder[int(key)]
    has = (
        f"; it has {', '.join(list(holder)[:_NAMED]) or 'none'}" if isinstance(holder, dict) else ""
    )
    raise InvalidWorkflow(f"unknown key {key!r:.100}{has}")


def _title(node: Mapping[str, Any]) -> Any:
    meta = node.get("_meta")
    return meta.get("title") if isinstance(meta, Mapping) else None
