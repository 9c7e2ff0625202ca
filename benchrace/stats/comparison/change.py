"""What a difference comes to, in words: the new side against the baseline."""

from enum import StrEnum

import msgspec

from benchrace.kinds import Better, Estimator
from benchrace.run.result import Ratio
from benchrace.run.summary import MetricSummary
from benchrace.stats.comparison.ratio import UNBOUNDED, ratio
from benchrace.stats.comparison.sample_size import more_rounds
from benchrace.stats.estimate import ONE_ROUND, recovered
from benchrace.stats.result import phrases

_NO_BETTER = "neither direction of this metric is better"
_OTHER = "the two differ in their work, in their unit or in what was measured"


class Verdict(StrEnum):
    """`needs 2 rounds` is for values of one round, which have no interval.

    `needs 3 runs` is for a run with fewer than two earlier ones: these show how much runs vary.
    """

    FASTER = "faster"
    SLOWER = "slower"
    HIGHER = "higher"
    LOWER = "lower"
    EQUAL = "equal"
    NO_CLEAR_CHANGE = "no clear change"
    NEEDS_ROUNDS = "needs 2 rounds"
    NEEDS_RUNS = "needs 3 runs"
    NOT_COMPARABLE = "not comparable"
    NOT_MEASURED = "not measured"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How `b` stands against the baseline `a`.

    `ratio` says how many times better b is: under 1 it is worse. `text` is the cell of a table:
    `2.2x faster`, `12 % slower`, `no clear change`; `interval` that of the ratio in words.
    `worse` says whether b is clearly worse, in the metric's own direction. It is false where b is
    better, equal, or not clearly different, and null, with a `reason`, where that cannot be said.
    `more_rounds` in each of the two would probably show a clear change; null where that is unknown.
    """

    verdict: Verdict
    text: str
    ratio: Ratio | None = None
    interval: str | None = None
    worse: bool | None = None
    reason: str | None = None
    more_rounds: int | None = None


def change(
    a: MetricSummary | None,
    b: MetricSummary | None,
    *,
    ahead: str | None,
    comparable: bool,
    tie: float = 0.0,
) -> Change:
    """Put a difference into words; `ahead` is the side that is better, or higher, beyond doubt."""
    missing = _missing("the baseline", a) or _missing("the new run", b)
    if missing or a is None or b is None or a.value is None or b.value is None:
        return _unknown(Verdict.NOT_MEASURED, missing)
    if not comparable or (a.unit, a.estimator) != (b.unit, b.estimator):
        return _unknown(Verdict.NOT_COMPARABLE, _OTHER)
    first, second = (a, b) if a.better is Better.LOWER else (b, a)
    apart = ratio(recovered(first), recovered(second), tie)
    times_better = None if a.better is Better.NONE else apart
    if a.estimator is Estimator.COUNT:
        outcome = _exact(a.value, b.value, a.better, times_better)
    elif ahead is not None:
        verdict = side(a.unit, a.better, ahead=ahead == "b")
        text = verdict.value
        if apart is not None:
            text = phrases.margin(apart.value, a.unit, a.better)
        outcome = Change(verdict=verdict, text=text, ratio=times_better, worse=ahead == "a")
    else:
        outcome = msgspec.structs.replace(_undecided(a, b, apart, tie), ratio=times_better)
    if apart is not None and a.estimator is not Estimator.COUNT and outcome.reason is None:
        interval = phrases.interval(apart, a.unit, a.better)
        outcome = msgspec.structs.replace(outcome, interval=interval)
    if a.better is Better.NONE:
        return msgspec.structs.replace(outcome, worse=None, reason=outcome.reason or _NO_BETTER)
    return outcome


def _missing(name: str, summary: MetricSummary | None) -> str | None:
    if summary is None:
        return f"{name} does not measure it"
    if summary.value is None:
        return f"{name} has no value: {summary.reason}" if summary.reason else f"{name} has none"
    return None


def _undecided(a: MetricSummary, b: MetricSummary, apart: Ratio | None, tie: float) -> Change:
    """Return why nothing is clear; more rounds help only where an interval is over rounds."""
    for summary in (a, b):
        if summary.ci95 is None and summary.reason not in (None, ONE_ROUND):
            verdict = Verdict.NO_CLEAR_CHANGE
            return Change(verdict=verdict, text=summary.reason or "", reason=summary.reason)
    if a.ci95 is None or b.ci95 is None:
        return _unknown(Verdict.NEEDS_ROUNDS, ONE_ROUND)
    needed = None
    if a.parts is None and b.parts is None:
        needed = more_rounds(recovered(a), recovered(b), tie).rounds
    # Such an interval lacks an end, or begins at 0: it excludes nothing.
    unbounded = apart is not None and (apart.ci95 is None or apart.ci95[0] <= 0)
    return Change(
        verdict=Verdict.NO_CLEAR_CHANGE,
        text=Verdict.NO_CLEAR_CHANGE.value,
        worse=None if unbounded else False,
        reason=UNBOUNDED if unbounded else None,
        more_rounds=needed,
    )


def side(unit: str, better: Better, *, ahead: bool) -> Verdict:
    """Return what a value is that is ahead or behind: faster or slower, else higher or lower."""
    if phrases.is_speed(unit, better):
        return Verdict.FASTER if ahead else Verdict.SLOWER
    return Verdict.LOWER if ahead is (better is Better.LOWER) else Verdict.HIGHER


def _exact(a: float, b: float, better: Better, apart: Ratio | None) -> Change:
    verdict = Verdict.EQUAL if a == b else Verdict.HIGHER if b > a else Verdict.LOWER
    exact = None if apart is None else Ratio(value=apart.value, reason="counts are exact")
    worse = verdict is (Verdict.HIGHER if better is Better.LOWER else Verdict.LOWER)
    return Change(verdict=verdict, text=verdict.value, ratio=exact, worse=worse)


def _unknown(verdict: Verdict, reason: str | None) -> Change:
    return Change(verdict=verdict, text=verdict.value, reason=reason)
