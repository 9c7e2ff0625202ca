"""Judge a finished round: what was measured, and what happened to the machine meanwhile."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from benchrace import structs
from benchrace.events import Level, Measured, Verdict
from benchrace.formatting import TIMES_NS, duration
from benchrace.kinds import Kind, Params, Record
from benchrace.kinds.unknown import marked
from benchrace.worker.lanes.marks import is_number
from benchrace.worker.loop_lag import BLOCKED_NS

SUSPENDED_NS = 500_000_000
_NOT_MEASURED = "not measured"


class Surroundings(NamedTuple):
    """What happened around a round, in ns: its loop blocked, the machine asleep."""

    blocked_ns: int
    asleep_ns: int


def numbers(
    kind: Kind, record: Record, params: Params, extra: Iterable[Measured]
) -> list[Measured]:
    """Return one `Measured` per declared metric, in the order of declaration.

    What the backend measured itself wins. Raises as `declared` does.
    """
    figures = declared(kind, record, params, extra)
    names = [metric.name for metric in kind.metrics]
    for name in names:
        figures.setdefault(name, Measured(metric=name, value=None, reason=_NOT_MEASURED))
    return [figures[name] for name in names]


def declared(
    kind: Kind, record: Record, params: Params, extra: Iterable[Measured] = ()
) -> dict[str, Measured]:
    """Return what `derive` yields, by metric, with `extra` over it.

    Raises what `derive` raises, and `TypeError` where it yields not a declared metric.
    """
    figures: dict[str, Measured] = {}
    names = frozenset(metric.name for metric in kind.metrics)
    derived: Iterable[Any] = kind.derive(record, params)
    for figure in (*derived, *extra):
        if not isinstance(figure, Measured) or figure.metric not in names:
            raise TypeError(
                f"derive of kind {kind.name} yields {figure!r:.200}, not a declared metric"
            )
        figures[figure.metric] = figure
    return figures


def plain(record: Record) -> dict[str, Any]:
    """Return a record as it goes into the log; raises `ValueError` where it is malformed."""
    try:
        values: dict[str, Any] = msgspec.to_builtins(record)
        structs.convert(values, type(record))
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
    figures = []
    units = {metric.name: metric.unit for metric in kind.metrics}
    for figure in measured:
        wrong = _wrong(figure, units[figure.metric])
        if wrong is not None:
            verdict = verdict.worse(Level.INVALID, "bad_output", f"{figure.metric} {wrong}")
            figure = Measured(metric=figure.metric, value=None, reason=wrong)
        figures.append(figure)
    verdict = marked(verdict, kind.metrics, figures)
    if around.asleep_ns > SUSPENDED_NS:
        text = f"the machine slept for {duration(around.asleep_ns)}"
        verdict = verdict.worse(Level.INVALID, "suspended", text)
    if around.blocked_ns > BLOCKED_NS:
        text = f"the backend blocked its event loop for {duration(around.blocked_ns)}"
        verdict = verdict.worse(Level.SUSPECT, "loop_blocked", text)
    return verdict, tuple(figures)


def _wrong(figure: Measured, unit: str) -> str | None:
    for part in (figure.value, figure.numerator, figure.denominator, figure.low, figure.high):
        if part is not None and not is_number(part):
            return f"is {part!r:.40}, not a finite number"
    if unit in TIMES_NS and figure.value is not None and figure.value < 0:
        return f"is negative: {figure.value} {unit}"
    if figure.denominator is not None and figure.denominator < 0:
        return f"has a negative denominator: {figure.denominator}"
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
