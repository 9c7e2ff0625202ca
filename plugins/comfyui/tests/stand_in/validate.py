"""What is wrong with a graph, in a server's own words."""

from collections.abc import Collection, Iterator
from typing import Any

from .recorded import recording

Graph = dict[str, Any]
UUID = (
    "prompt_id must be a UUID string in canonical lowercase hyphenated form; "
    "omit it to let the server generate one"
)


class Refused(Exception):
    """A prompt that is not queued: the body of its 400."""

    def __init__(self, kind: str, message: str, details: str = "", **extra: Any) -> None:
        super().__init__(message)
        self.node_errors: dict[str, Any] = {}
        self.error = {"type": kind, "message": message, "details": details, "extra_info": extra}

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error, "node_errors": self.node_errors}


def validate(
    version: str, graph: Graph, files: Collection[str]
) -> tuple[list[str], dict[str, Any]]:
    """Return the output nodes that can run, and the errors of the others; raises `Refused`."""
    described = recording(version)["object_info"]
    for node_id, node in graph.items():
        kind = node.get("class_type")
        if kind not in described:
            title = node.get("_meta", {}).get("title", kind)
            raise _missing(version, node_id, kind, title)
    outputs = [node for node, part in graph.items() if described[part["class_type"]]["output_node"]]
    if not outputs:
        raise Refused("prompt_no_outputs", "Prompt has no outputs")
    errors: dict[str, Any] = {}
    good = []
    for output in outputs:
        own = [
            node
            for node in ancestors(graph, output)
            if _check(described, graph, node, output, errors, files)
        ]
        if len(own) == len(ancestors(graph, output)):
            good.append(output)
    if not good:
        refused = Refused("prompt_outputs_failed_validation", "Prompt outputs failed validation")
        refused.node_errors = errors
        raise refused
    return good, errors


def ancestors(graph: Graph, node: str) -> list[str]:
    """Return a node's ancestors and itself, those that it needs first."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order or name not in graph:
            return
        for value in graph[name]["inputs"].values():
            if is_link(value):
                visit(str(value[0]))
        order.append(name)

    visit(node)
    return order


def is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _missing(version: str, node_id: str, kind: Any, title: Any) -> Refused:
    if version.startswith("0.3."):
        return Refused(
            "invalid_prompt",
            f"Cannot execute because node {kind} does not exist.",
            f"Node ID '#{node_id}'",
        )
    return Refused(
        "missing_node_type",
        f"Node '{title}' not found. The custom node may not be installed.",
        f"Node ID '#{node_id}'",
        node_id=node_id,
        class_type=kind,
        node_title=title,
    )


def _check(
    described: Any,
    graph: Graph,
    node: str,
    output: str,
    errors: dict[str, Any],
    files: Collection[str],
) -> bool:
    kind = graph[node]["class_type"]
    wrong = [
        error
        for name, part in described[kind]["input"].get("required", {}).items()
        for error in _input(name, part, graph[node]["inputs"])
    ]
    if kind == "LoadImage":
        wrong = [*_file(str(graph[node]["inputs"].get("image")), files)]
    if wrong:
        entry = errors.setdefault(
            node, {"errors": wrong, "dependent_outputs": [], "class_type": kind}
        )
        entry["dependent_outputs"].append(output)
    return not wrong


def _file(name: str, files: Collection[str]) -> Iterator[dict[str, Any]]:
    if f"input/{name}" not in files:
        details = f"image - Invalid image file: {name}"
        text = "Custom validation failed for node"
        yield _error("custom_validation_failed", text, details, {"input_name": "image"})


def _input(name: str, part: list[Any], inputs: dict[str, Any]) -> list[dict[str, Any]]:
    extra = {"input_name": name}
    if name not in inputs:
        return [_error("required_input_missing", "Required input is missing", name, extra)]
    value, kind = inputs[name], part[0]
    options = part[1] if len(part) > 1 else {}
    if is_link(value):
        return []
    if kind in ("INT", "FLOAT"):
        try:
            value = inputs[name] = int(value) if kind == "INT" else float(value)
        except ValueError as error:
            text = f"Failed to convert an input value to a {kind} value"
            return [_error("invalid_input_type", text, f"{name}, {value}, {error}", extra)]
        if "min" in options and value < options["min"]:
            text = f"Value {value} smaller than min of {options['min']}"
            return [_error("value_smaller_than_min", text, name, extra)]
        if "max" in options and value > options["max"]:
            text = f"Value {value} bigger than max of {options['max']}"
            return [_error("value_bigger_than_max", text, name, extra)]
    choices = kind if isinstance(kind, list) else None
    if choices is not None and value not in choices:
        listed = choices if len(choices) <= 20 else f"(list of length {len(choices)})"
        details = f"{name}: '{value}' not in {listed}"
        return [_error("value_not_in_list", "Value not in list", details, extra)]
    return []


def _error(kind: str, message: str, details: str, extra: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}
