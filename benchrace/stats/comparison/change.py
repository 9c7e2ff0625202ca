"""What a difference comes to, in words: the new side against the baseline."""

from enum import StrEnum

import msgspec

from benchrace.kinds import Better, Estimator
from benchrace.run.result import Ratio
from benchrace.run.summary import MetricSummary
from benchrace.stats.comparison.ratio import ratio
from benchrace.stats.estimate import ONE_ROUND, recovered
from benchrace.stats.result import phrases


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
    """

    verdict: Verdict
    text: str
    ratio: Ratio | None = None
    interval: str | None = None


def change(
    a: MetricSummary | None,
    b: MetricSummary | None,
    *,
    ahead: str | None,
    comparable: bool,
    tie: float = 0.0,
) -> Change:
    """Put a difference into words; `ahead` is the side that is better, or higher, beyond doubt."""
    if a is None or b is None or a.value is None or b.value is None:
        return _plain(Verdict.NOT_MEASURED)
    if not comparable or (a.unit, a.estimator) != (b.unit, b.estimator):
        return _plain(Verdict.NOT_COMPARABLE)
    first, second = (a, b) if a.better is Better.LOWER else (b, a)
    apart = ratio(recovered(first), recovered(second), tie)
    times_better = None if a.better is Better.NONE else apart
    if a.estimator is Estimator.COUNT:
        return _exact(a.value, b.value, times_better)
    interval = None if apart is None else phrases.interval(apart, a.unit, a.better)
    if ahead is not None:
        verdict = side(a.unit, a.better, ahead=ahead == "b")
        text = verdict.value
        if apart is not None:
            text = phrases.margin(apart.value, a.unit, a.better)
        return Change(verdict=verdict, text=text, ratio=times_better, interval=interval)
    verdict, text = _undecided(a, b)
    return Change(verdict=verdict, text=text, ratio=times_better, interval=interval)


def _undecided(a: MetricSummary, b: MetricSummary) -> tuple[Verdict, str]:
    """Return why nothing is clear; more rounds help only where an interval is over rounds."""
    for summary in (a, b):
        if summary.ci95 is None and summary.reason not in (None, ONE_ROUND):
            return Verdict.NO_CLEAR_CHANGE, summary.reason
    short = a.ci95 is None or b.ci95 is None
    verdict = Verdict.NEEDS_ROUNDS if short else Verdict.NO_CLEAR_CHANGE
    return verdict, verdict.value


def side(unit: str, better: Better, *, ahead: bool) -> Verdict:
    """Return what a value is that is ahead or behind: faster or slower, else higher or lower."""
    if phrases.is_speed(unit, better):
        return Verdict.FASTER if ahead else Verdict.SLOWER
    return Verdict.LOWER if ahead is (better is Better.LOWER) else Verdict.HIGHER


def _exact(a: float, b: float, apart: Ratio | None) -> Change:
    verdict = Verdict.EQUAL if a == b else Verdict.HIGHER if b > a else Verdict.LOWER
    exact = None if apart is None else Ratio(value=apart.value, reason="counts are exact")
    return Change(verdict=verdict, text=verdict.value, ratio=exact)


def _plain(verdict: Verdict) -> Change:
    return Change(verdict=verdict, text=verdict.value)
