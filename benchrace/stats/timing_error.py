"""The error of machines' stamps: a difference within it is a tie."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from benchrace.kinds import Estimator
from benchrace.run.summary import MetricSummary
from benchrace.stats.moments import usable


def largest(machine_ids: Iterable[str], errors: Mapping[str, float]) -> float | None:
    """Return the largest stated error of machines in ms, None where none has certified itself."""
    return max((errors[name] for name in machine_ids if name in errors), default=None)


def stamps(machines: Mapping[str, Any]) -> dict[str, float]:
    """Return each machine's stated error in ms, bias + jitter, where it has certified itself."""
    errors = {}
    for machine_id, capabilities in machines.items():
        facts = msgspec.to_builtins(capabilities) if capabilities is not None else {}
        timing = facts.get("timing") if isinstance(facts, Mapping) else None
        if not isinstance(timing, Mapping):
            continue
        error = _time(timing.get("bias_ms")) + _time(timing.get("jitter_ms"))
        if usable(error):
            errors[machine_id] = error
    return errors


class Stamped(NamedTuple):
    """A figure, and the machines that measured it."""

    machine_ids: tuple[str, ...]
    figure: MetricSummary | None


def tie(one: Stamped, other: Stamped, errors: Mapping[str, float]) -> float:
    """Return the difference, in the figures' own unit, that the stamps' error alone can cause.

    With e = bias + jitter of a machine: e for a time, r e / T for a rate r over a mean span T.
    Lanes of two machines add theirs; lanes of one machine share its clock and its bias, so that
    the larger one counts. Of machines that measured one figure together the largest counts. 0 for
    what is not stamped, or where no machine has certified itself.
    """
    first, second = _error(one, errors), _error(other, errors)
    return max(first, second) if one.machine_ids == other.machine_ids else first + second


def _error(stamped: Stamped, errors: Mapping[str, float]) -> float:
    figure, error_ms = stamped.figure, largest(stamped.machine_ids, errors) or 0.0
    if figure is None or not figure.stamped:
        return 0.0
    if figure.estimator is not Estimator.RATIO:
        return error_ms
    if figure.value is None or not figure.span_s:
        return 0.0
    return abs(figure.value) * (error_ms / 1e3) / figure.span_s


def _time(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value >= 0 else math.nan
