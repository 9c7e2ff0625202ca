"""Labels of lanes, made from what differs between them: "segmented_sieve, threads 2"."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchrace.run import schema as schemas
from benchrace.run.coerce import AUTO
from benchrace.run.schema import Schema

_LONGEST = 200
_LONGEST_VALUE = 40
_PREFIXES = ((10**12, "T"), (10**9, "G"), (10**6, "M"))


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane's label can be made of; `given` is the person's own, `spread` over machines."""

    given: str | None
    spread: bool
    machine: str
    backend: str
    params: Mapping[str, Any]
    schema: Schema


def labels(lanes: Sequence[Facts]) -> tuple[str, ...]:
    """Name each lane by what tells it from the others; no two names are equal."""
    machines = {lane.machine for lane in lanes}
    backends = {lane.backend for lane in lanes}
    complete = [_complete(lane) for lane in lanes]
    differing = _differing(complete)
    made = []
    for lane, params in zip(lanes, complete, strict=True):
        parts = [lane.machine] if len(machines) > 1 else []
        if lane.given is not None:
            parts = [lane.given, *parts] if lane.spread else [lane.given]
        else:
            parts += [lane.backend] if len(backends) > 1 else []
            parts += [_said(name, params[name]) for name in differing if name in params]
        made.append(", ".join(parts)[: _LONGEST - 8] or lane.machine)
    return tuple(_unique(made))


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


def _said(name: str, value: Any) -> str:
    """Say a name by itself (`segmented_sieve`), anything else after its parameter's name."""
    if isinstance(value, str) and value != AUTO and not value.isdecimal():
        line = " ".join(value.split())
        return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 1] + "…"
    if isinstance(value, bool):
        return name if value else f"no {name}"
    shown = _short(value) if isinstance(value, int) else value
    return f"{name} {shown}"[:_LONGEST_VALUE]


def _short(value: int) -> str:
    """Write 2000000000 as `2 G`, where that says all of it in few digits."""
    for size, prefix in _PREFIXES:
        thousandths, rest = divmod(abs(value) * 1000, size)
        if thousandths >= 1000 and rest == 0 and value != 0:
            return f"{value / size:.3f}".rstrip("0").rstrip(".") + f" {prefix}"
        if thousandths >= 1000:
            break
    return str(value)


def _unique(names: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for name in names:
        tried, number = name, 1
        while tried in seen:
            number += 1
            tried = f"{name} ({number})"
        seen.add(tried)
        yield tried
