"""Judge a finished round: what was measured, and what happened to the machine meanwhile."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from benchrace.events import Level, Measured, Verdict
from benchrace.kinds import Kind, Params, Record
from benchrace.worker.marks import is_number
from benchrace.worker.pulse import BLOCKED_NS

SUSPENDED_NS = 500_000_000
_TIME_UNITS = frozenset({"ns", "us", "µs", "ms", "s", "min", "h"})
_NOT_MEASURED = "not measured"


class Surroundings(NamedTuple):
    """What happened around a round, in ns: its loop blocked, the machine asleep."""

    blocked_ns: int
    asleep_ns: int


def numbers(
    kind: Kind, record: Record, params: Params, extra: Iterable[Measured]
) -> list[Measured]:
    """Give one `Measured` per declared metric, in the order of declaration.

    What the backend measured itself wins. Raises as `declared` does.
    """
    found = declared(kind, record, params, extra)
    names = [metric.name for metric in kind.metrics]
    for name in names:
        found.setdefault(name, Measured(metric=name, value=None, reason=_NOT_MEASURED))
    return [found[name] for name in names]


def declared(
    kind: Kind, record: Record, params: Params, extra: Iterable[Measured] = ()
) -> dict[str, Measured]:
    """Give what `derive` yields, by metric, with `extra` over it.

    Raises what `derive` raises, and `TypeError` where it yields no declared metric.
    """
    found: dict[str, Measured] = {}
    names = frozenset(metric.name for metric in kind.metrics)
    derived: Iterable[Any] = kind.derive(record, params)
    for each in (*derived, *extra):
        if not isinstance(each, Measured) or each.metric not in names:
            raise TypeError(f"derive of kind {kind.name} yields {each!r:.200}, no declared metric")
        found[each.metric] = each
    return found


def plain(record: Record) -> dict[str, Any]:
    """Give a record as it goes into the log; raises `ValueError` where it is not what it says."""
    try:
        values: dict[str, Any] = msgspec.to_builtins(record)
        msgspec.convert(values, type(record))
        msgspec.json.encode(values)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"the record contradicts its own types: {error}") from error
    for path, value in _leaves(values, ""):
        if isinstance(value, float) and not is_number(value):
            raise ValueError(f"the record's {path} is {value}")
        if path.endswith("_ns") and isinstance(value, int | float) and value < 0:
            raise ValueError(f"the record's {path} is negative: {value}")
    return values


def judge(
    verdict: Verdict, kind: Kind, measured: Sequence[Measured], around: Surroundings
) -> tuple[Verdict, tuple[Measured, ...]]:
    """Add to `verdict`, and take numbers out that are none; they could not even be written."""
    kept = []
    units = {metric.name: metric.unit for metric in kind.metrics}
    for each in measured:
        wrong = _wrong(each, units[each.metric])
        if wrong is not None:
            verdict = verdict.worse(Level.INVALID, "bad_output", f"{each.metric} {wrong}")
            each = Measured(metric=each.metric, value=None, reason=wrong)
        kept.append(each)
    if around.asleep_ns > SUSPENDED_NS:
        text = f"the machine slept for {around.asleep_ns / 1e9:.1f} s"
        verdict = verdict.worse(Level.INVALID, "suspended", text)
    if around.blocked_ns > BLOCKED_NS:
        text = f"the backend blocked its event loop for {around.blocked_ns / 1e6:.0f} ms"
        verdict = verdict.worse(Level.SUSPECT, "loop_blocked", text)
    return verdict, tuple(kept)


def _wrong(each: Measured, unit: str) -> str | None:
    for part in (each.value, each.numerator, each.denominator):
        if part is not None and not is_number(part):
            return f"is {part!r:.40}, no finite number"
    if unit in _TIME_UNITS and each.value is not None and each.value < 0:
        return f"is negative: {each.value} {unit}"
    if each.denominator is not None and each.denominator < 0:
        return f"has a negative denominator: {each.denominator}"
    return None


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    match node:
        case dict():
            for key, value in node.items():
                yield from _leaves(value, f"{path}.{key}" if path else str(key))
        case list() | tuple():
            for value in node:
                yield from _leaves(value, path)
        case _:
            yield path, node
