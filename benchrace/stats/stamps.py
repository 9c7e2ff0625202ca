"""The error of machines' stamps: a difference that is no larger is a tie."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from benchrace.kinds import Estimator
from benchrace.run.summary import MetricSummary
from benchrace.stats.moments import usable


def stamps(machines: Mapping[str, Any]) -> dict[str, float]:
    """Give each machine's stated error in ms, bias + jitter, where it has certified itself."""
    found = {}
    for machine_id, told in machines.items():
        known = msgspec.to_builtins(told) if told is not None else {}
        timing = known.get("timing") if isinstance(known, Mapping) else None
        if not isinstance(timing, Mapping):
            continue
        error = _time(timing.get("bias_ms")) + _time(timing.get("jitter_ms"))
        if usable(error):
            found[machine_id] = error
    return found


class Stamped(NamedTuple):
    """A figure, and where it was measured."""

    machine_id: str
    figure: MetricSummary | None


def tie(one: Stamped, other: Stamped, errors: Mapping[str, float]) -> float:
    """Give the difference, in the figures' own unit, that the stamps' error alone can make.

    With e = bias + jitter of a machine: e for a time, r e / T for a rate r over a mean span T.
    Lanes of two machines add theirs; lanes of one machine share its clock and its bias, so that
    the larger one counts. 0 for what is not stamped, or where no machine has certified itself.
    """
    first, second = _error(one, errors), _error(other, errors)
    return max(first, second) if one.machine_id == other.machine_id else first + second


def _error(stamped: Stamped, errors: Mapping[str, float]) -> float:
    found, error_ms = stamped.figure, errors.get(stamped.machine_id, 0.0)
    if found is None or not found.stamped:
        return 0.0
    if found.estimator is not Estimator.RATIO:
        return error_ms
    if found.value is None or not found.span_s:
        return 0.0
    return abs(found.value) * (error_ms / 1e3) / found.span_s


def _time(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value >= 0 else math.nan
