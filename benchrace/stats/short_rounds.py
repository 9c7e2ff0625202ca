"""Mark rounds that are too short for the clock that times them."""

from collections.abc import Sequence

import msgspec

from benchrace.events import Level, Measured, Verdict
from benchrace.formatting import TIMES_NS, duration
from benchrace.kinds import Estimator, Metric
from benchrace.run.summary import RoundSummary

# The error of a span has to stay within a hundredth of it.
_TIMES = 100
# Reading the clock around the work.
_CLOCK_NS = 1e3
# What a stream's stamps are taken to be known within where a machine has not certified itself.
_STAMPS_NS = 5e4


def judged(done: RoundSummary, ranking: Metric | None, stamps_ms: float | None) -> RoundSummary:
    """Mark a round that would count, and whose timed part is under 100 times its timing's error.

    `stamps_ms` is the machine's stated error of stamps, None where it has not certified itself.
    """
    if done.verdict is Level.INVALID or done.error is not None:
        return done
    error_ns = _CLOCK_NS
    if ranking is not None and ranking.stamped:
        error_ns = max(error_ns, _STAMPS_NS if stamps_ms is None else stamps_ms * 1e6)
    span_ns = None if ranking is None else timed_ns(ranking, done.measured)
    if (done.elapsed_ns if span_ns is None else span_ns) >= _TIMES * error_ns:
        return done
    text = (
        f"the timed part is under {duration(_TIMES * error_ns)}, {_TIMES} times the "
        f"timing error of {duration(error_ns)}: give each round more work"
    )
    verdict = Verdict(done.verdict, done.reasons).worse(Level.SUSPECT, "too_short", text)
    return msgspec.structs.replace(done, verdict=verdict.level, reasons=verdict.reasons)


def timed_ns(metric: Metric, measured: Sequence[Measured]) -> float | None:
    """Return the time that a metric was taken over, None where it is neither a time nor a rate."""
    own = next((figure for figure in measured if figure.metric == metric.name), None)
    if own is None or own.value is None:
        return None
    if metric.estimator is not Estimator.RATIO:
        unit_ns = TIMES_NS.get(metric.unit)
        return None if unit_ns is None else own.value * unit_ns
    timed = metric.unit.endswith("/s") and own.denominator is not None
    return (own.denominator or 0.0) * 1e9 if timed else None
