"""Labels of lanes and titles of races, built from what differs: "segmented sieve · 2 threads"."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchrace.formatting import listed, whole
from benchrace.run.planning import schema as schemas
from benchrace.run.planning.coerce import AUTO
from benchrace.run.planning.schema import Schema

_JOINT = " · "
_MACHINES = " + "
_MAX_CHARS = 200
_MAX_VALUE_CHARS = 40
# A title names so many values or lanes, and counts the others; fewer where they are long.
_NAMED = 3
_FEWEST_NAMED = 2
_MAX_TITLE_CHARS = 90
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


def machine_text(own: str, workers: Sequence[str] = (), clients: Sequence[str] = ()) -> str:
    """Name where a lane runs: "Mac 1", or "over Mac 1 + Mac 2" where it has a worker.

    Clients, which generate load in addition to its own machine, follow: "Mac 1 + Mac 3" without
    a worker, or "over Mac 1 + Mac 2, with Mac 3".
    """
    if not workers:
        return _MACHINES.join((own, *clients))
    over = f"over {_MACHINES.join((own, *workers))}"
    return f"{over}, with {_MACHINES.join(clients)}" if clients else over


def labels(lanes: Sequence[Facts]) -> tuple[str, ...]:
    """Label each lane by what distinguishes it from the others; labels are unique."""
    own = _facets(lanes)
    several = len({lane.machine for lane in lanes}) > 1
    texts = []
    for lane, facets in zip(lanes, own, strict=True):
        parts = [text for text in facets if text]
        if lane.label is not None:
            parts = [lane.label, lane.machine] if lane.spread and several else [lane.label]
        texts.append(_JOINT.join(parts)[: _MAX_CHARS - 8] or lane.machine)
    return tuple(_unique(texts))


def title(lanes: Sequence[Facts], names: Sequence[str]) -> str:
    """Name a race by what differs: "segmented sieve vs simple sieve, 1 thread and all threads".

    It lists the lanes' `names` where one has a label of its own or lacks a value, and where few
    lanes race that are not every combination of the values.
    """
    facets = _facets(lanes)
    values = [list(dict.fromkeys(facet)) for facet in zip(*facets, strict=True)]
    combinations = 1
    for facet in values:
        combinations *= len(facet)
    by_hand = any(lane.label is not None for lane in lanes)
    distinct = len(set(map(tuple, facets))) == len(lanes)
    is_matrix = distinct and (combinations == len(lanes) or len(lanes) > _NAMED)
    lacking = any("" in facet for facet in values)
    if by_hand or lacking or not is_matrix or len(lanes) < _NAMED or len(values) < 2:
        return _against(names)
    first, *others = values
    return ", ".join([_against(first), *(listed(_shortened(facet)) for facet in others)])


def _against(names: Sequence[str]) -> str:
    most = _NAMED
    while most > _FEWEST_NAMED and len(" vs ".join(names[:most])) > _MAX_TITLE_CHARS:
        most -= 1
    left = len(names) - most
    return " vs ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def _shortened(names: Sequence[str]) -> list[str]:
    left = len(names) - _NAMED
    return [*names[:_NAMED], f"{left} more"] if left > 0 else list(names)


def _facets(lanes: Sequence[Facts]) -> list[list[str]]:
    """Return what differs of each lane: parameters in the schema's order, backend, machine."""
    complete = [schemas.completed(lane.params, lane.schema) for lane in lanes]
    names = _differing(complete)
    backends = len({lane.backend for lane in lanes}) > 1
    machines = len({lane.machine for lane in lanes}) > 1
    return [
        [
            *(_value(name, params, lane.schema) for name in names),
            *([lane.backend] if backends else []),
            *([lane.machine] if machines else []),
        ]
        for lane, params in zip(lanes, complete, strict=True)
    ]


def _differing(lanes: Sequence[Mapping[str, Any]]) -> list[str]:
    missing = object()
    names = dict.fromkeys(name for params in lanes for name in params)
    return [
        name
        for name in names
        if any(params.get(name, missing) != lanes[0].get(name, missing) for params in lanes)
    ]


def _value(name: str, params: Mapping[str, Any], schema: Schema) -> str:
    """Return a lane's value in words, empty where it has none."""
    if name not in params:
        return ""
    return _phrase(name, params[name], schemas.fields(schema).get(name, {}))


def _phrase(name: str, value: Any, part: Schema) -> str:
    """Return a clear name by itself (`simple sieve`), all else with its parameter's name.

    A document begins as all others do, so that only its parameter is named.
    """
    if isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{")):
        return name
    if isinstance(value, str) and value not in _VAGUE and not value.isdecimal():
        line = " ".join(value.split())
        if value in part.get("enum", ()):
            line = line.replace("_", " ")
        return line if len(line) <= _MAX_VALUE_CHARS else line[: _MAX_VALUE_CHARS - 1] + "…"
    if isinstance(value, bool):
        return f"{name} {'on' if value else 'off'}"
    if isinstance(value, int):
        return phrase(value, part.get("phrases")) or f"{name} {whole(value)}"
    return f"{name} {value}"[:_MAX_VALUE_CHARS]


def phrase(value: int, phrases: Any) -> str:
    """Return a number in the words that a schema has for `zero`, `one` and `other`: `1 thread`.

    Empty where there are none: what a plugin of another version says may be anything.
    """
    if not isinstance(phrases, Mapping):
        return ""
    case = {0: "zero", 1: "one"}.get(value, "other")
    words = phrases.get(case, phrases.get("other", ""))
    return words.replace("{}", whole(value)) if isinstance(words, str) else ""


def _unique(names: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for name in names:
        tried, number = name, 1
        while tried in seen:
            number += 1
            tried = f"{name} ({number})"
        seen.add(tried)
        yield tried
