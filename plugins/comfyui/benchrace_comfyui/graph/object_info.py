"""What a server says of its nodes: their inputs, with choices and ranges."""

import math
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from benchrace.plugin import Clock
from benchrace_comfyui.values import mapping, sequence

COMBO = "COMBO"
WIDGETS = frozenset([COMBO, "INT", "FLOAT", "STRING", "BOOLEAN"])
# As long as a person may take between adding a file and starting a race.
KEPT_NS = 45 * 10**9
_LISTED = 64


class Input(NamedTuple):
    """An input of a node; None for what is not limited. No file is an empty tuple of `choices`.

    `kind` is INT, FLOAT, COMBO and the like, or that of the links that it takes. Its choices are
    incomplete if it `uploads`: only files at the top of the folder are listed.
    """

    required: bool
    kind: str = ""
    choices: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    default: Any = None
    linked: bool = False
    uploads: bool = False

    @property
    def is_dynamic(self) -> bool:
        """Check whether the server makes inputs of it, as `images.image0` of `images`."""
        return is_dynamic(self.kind)

    def refuses_choice(self, value: str) -> str | None:
        """Return why a name is refused, with what there is; None if it is one of the choices."""
        if self.choices is None or value in self.choices:
            return None
        if not self.choices:
            return f"{value!r:.100} not found: this ComfyUI has no such files"
        near = get_close_matches(value, self.choices, n=3)
        choices = [*near, *(name for name in self.choices if name not in near)]
        some = ", ".join(choices[:_LISTED])
        left = len(self.choices) - _LISTED
        return f"{value!r:.100} is not one of {some}{f' and {left} more' if left > 0 else ''}"

    def refuses_number(self, value: float) -> str | None:
        """Return why a number is refused; None if it is within range, and on the steps."""
        low, high, step = self.minimum, self.maximum, self.step
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"{_bound(low)} to {_bound(high)}"
            return f"{_number_text(value)} is outside {bounds}, the range that this ComfyUI accepts"
        if not step or value == self.default:
            return None
        # The server takes others as well, and silently rounds the size that they mean.
        steps = (value - (low or 0)) / step
        if math.isclose(steps, round(steps), abs_tol=1e-6):
            return None
        below = (low or 0) + math.floor(steps) * step
        text = f"{_number_text(value)} is not a multiple of {_number_text(step)}"
        if isinstance(value, int):
            return f"{text}: ComfyUI would make {_number_text(below)} of it"
        return f"{text}: use {_number_text(below)} or {_number_text(below + step)}"


class NodeInfo(NamedTuple):
    """A class of nodes: its inputs by name, the kinds of its outputs, and whether it saves."""

    inputs: Mapping[str, Input]
    outputs: tuple[str, ...] = ()
    is_output: bool = False

    def of(self, name: str) -> Input | None:
        return self.inputs.get(name)

    def takes(self, *kinds: str) -> bool:
        """Check whether an input takes links of one of these kinds."""
        return any(own.kind in kinds for own in self.inputs.values())


class ObjectInfo:
    """The nodes of one server, each asked for when it is needed and kept for 45 s."""

    def __init__(self, fetch: Callable[[str], Awaitable[Mapping[str, Any]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._nodes: dict[str, tuple[int, NodeInfo | None]] = {}

    async def node(self, name: str) -> NodeInfo | None:
        """Return a class of nodes; None if the server does not have it. Raises as its client."""
        now = self._clock.monotonic_ns()
        if name in self._nodes and now - self._nodes[name][0] < KEPT_NS:
            return self._nodes[name][1]
        answer = await self._fetch(name)
        info = read_node(answer) if answer else None
        self._nodes[name] = (now, info)
        return info

    def refresh(self) -> None:
        """Forget everything, as a file may have been added."""
        self._nodes.clear()


def is_dynamic(kind: str) -> bool:
    """Check for a kind such as COMFY_AUTOGROW_V3 or COMFY_MATCHTYPE_V3: the server resolves it."""
    return kind.startswith("COMFY_") and kind.endswith("_V3")


def read_node(described: Mapping[str, Any]) -> NodeInfo:
    """Read the description of a class of nodes."""
    outputs = sequence(described.get("output"))
    return NodeInfo(
        read_inputs(mapping(described.get("input"))),
        # A list of choices is an output, too.
        tuple(kind if isinstance(kind, str) else COMBO for kind in outputs),
        described.get("output_node") is True,
    )


def read_inputs(described: Mapping[str, Any]) -> dict[str, Input]:
    """Read the inputs of a node; hidden ones are the server's own."""
    return {
        name: read_input(sequence(part), required=group == "required")
        for group in ("required", "optional")
        for name, part in mapping(described.get(group)).items()
    }


def read_input(part: Any, *, required: bool) -> Input:
    """Read one input: `[["a", "b"], {}]` and `["COMBO", {"options": ["a", "b"]}]` are choices.

    A node may change from one form to the other between versions of the server.
    """
    kind = part[0] if part else ""
    options = mapping(part[1]) if len(part) > 1 else {}
    if isinstance(kind, list | tuple):
        choices: tuple[str, ...] | None = tuple(map(str, kind))
    elif kind == COMBO and "options" in options:
        choices = tuple(map(str, sequence(options["options"])))
    else:
        choices = None
    named = kind if isinstance(kind, str) else COMBO
    return Input(
        required=required,
        kind=named,
        choices=choices,
        minimum=_number(options.get("min")),
        maximum=_number(options.get("max")),
        # Of a float, `step` is that of the editor's buttons.
        step=_number(options.get("round") if kind == "FLOAT" else options.get("step")),
        default=options.get("default"),
        linked=named not in WIDGETS,
        uploads=options.get("image_upload") is True,
    )


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) and value is not False else None


def _bound(value: float | None) -> str:
    return "any" if value is None else _number_text(value)


def _number_text(value: float) -> str:
    """Return a number as a person writes it; seeds have all their digits."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"
