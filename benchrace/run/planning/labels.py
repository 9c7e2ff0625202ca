"""Labels of lanes, built from what differs between them: "segmented_sieve, threads 2"."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchrace.formatting import whole
from benchrace.run.planning import schema as schemas
from benchrace.run.planning.coerce import AUTO
from benchrace.run.planning.schema import Schema

_MAX_CHARS = 200
_MAX_VALUE_CHARS = 40
# Values that say nothing without the name of their parameter.
_VAGUE = frozenset({AUTO, "on", "off", "none", "model"})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane's label is built from; `label` is the user's own, `spread` over machines."""

    label: str | None
    spread: bool
    machine: str
    backend: str
    params: Mapping[str, Any]
    schema: Schema


def labels(lanes: Sequence[Facts]) -> tuple[str, ...]:
    """Label each lane by what distinguishes it from the others; labels are unique."""
    machines = {lane.machine for lane in lanes}
    backends = {lane.backend for lane in lanes}
    complete = [_complete(lane) for lane in lanes]
    differing = _differing(complete)
    texts = []
    for lane, params in zip(lanes, complete, strict=True):
        parts = [lane.machine] if len(machines) > 1 else []
        if lane.label is not None:
            parts = [lane.label, *parts] if lane.spread else [lane.label]
        else:
            parts += [lane.backend] if len(backends) > 1 else []
            phrases = (_phrase(name, params[name]) for name in differing if name in params)
            parts += [phrase for phrase in phrases if phrase]
        texts.append(", ".join(parts)[: _MAX_CHARS - 8] or lane.machine)
    return tuple(_unique(texts))


def _complete(lane: Facts) -> dict[str, Any]:
    defaults = {
        name: part["default"]
        for name, part in schemas.fields(lane.schema).items()
        if "default" in part
    }
    return {**defaults, **lane.params}


def _differing(lanes: Sequence[Mapping[str, Any]]) -> list[str]:
    missing = object()
    names = dict.fromkeys(name for params in lanes for name in params)
    return [
        name
        for name in names
        if any(params.get(name, missing) != lanes[0].get(name, missing) for params in lanes)
    ]


def _phrase(name: str, value: Any) -> str:
    """Return a clear name by itself (`segmented_sieve`), all else after its parameter's name."""
    if isinstance(value, str) and value not in _VAGUE and not value.isdecimal():
        line = " ".join(value.split())
        return line if len(line) <= _MAX_VALUE_CHARS else line[: _MAX_VALUE_CHARS - 1] + "…"
    if isinstance(value, bool):
        return f"{name} {'on' if value else 'off'}"
    shown = whole(value) if isinstance(value, int) else value
    return f"{name} {shown}"[:_MAX_VALUE_CHARS]


def _unique(names: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for name in names:
        tried, number = name, 1
        while tried in seen:
            number += 1
            tried = f"{name} ({number})"
        seen.add(tried)
        yield tried
