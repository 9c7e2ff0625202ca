"""The error of machines' stamps: a difference that is no larger is a tie."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace.kinds import Estimator, Metric
from benchrace.stats.lane import LaneFold
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


def tie(metric: Metric, one: LaneFold, other: LaneFold, errors: Mapping[str, float]) -> float:
    """Give the difference in `metric`, in its own unit, that the stamps' error alone can make.

    With e = bias + jitter of a machine: e for a time, r e / T for a rate r over a mean span T.
    Lanes of two machines add theirs; lanes of one machine share its clock and its bias, so that
    the larger one counts. 0 for what is not stamped, or where no machine has certified itself.
    """
    if not metric.stamped:
        return 0.0
    first, second = _error(metric, one, errors), _error(metric, other, errors)
    if one.lane.machine_id == other.lane.machine_id:
        return max(first, second)
    return first + second


def _error(metric: Metric, lane: LaneFold, errors: Mapping[str, float]) -> float:
    error_ms = errors.get(lane.lane.machine_id, 0.0)
    if metric.estimator is not Estimator.RATIO:
        return error_ms
    value, span_s = lane.estimate(metric.name).value, lane.span_s(metric.name)
    if value is None or not span_s:
        return 0.0
    return abs(value) * (error_ms / 1e3) / span_s


def _time(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value >= 0 else math.nan
