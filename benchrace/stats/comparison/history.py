"""The newest value of a series of runs against the earlier ones."""

import math
from collections.abc import Sequence

import msgspec

from benchrace.kinds import Better
from benchrace.run.result import Ratio
from benchrace.stats.comparison.change import Verdict, side
from benchrace.stats.comparison.ratio import ratio
from benchrace.stats.estimate import Estimate
from benchrace.stats.moments import moments
from benchrace.stats.result import phrases

# Fewer earlier runs do not show how much runs vary.
MIN_EARLIER = 2


class HistoryChange(msgspec.Struct, frozen=True, kw_only=True):
    """How the newest value stands against the `earlier` ones, as many as there are.

    `ratio` says how many times better it is than their mean. Its 95 % interval is that of a
    prediction: it contains 1 where the newest run fits the earlier ones. `text` is a cell of a
    table: `12 % slower`, `no clear change`.
    """

    verdict: Verdict
    text: str
    earlier: int
    ratio: Ratio | None = None
    interval: str | None = None


def history_change(values: Sequence[float | None], unit: str, better: Better) -> HistoryChange:
    """Compare the last value with those before it that are not null."""
    earlier = [value for value in values[:-1] if value is not None]
    newest = values[-1] if values else None
    if newest is None:
        return _plain(Verdict.NOT_MEASURED, len(earlier))
    if not earlier:
        return _plain(Verdict.NEEDS_RUNS, 0)
    apart = _ratio(newest, earlier, better)
    if apart is None or apart.ci95 is None:
        short = len(earlier) < MIN_EARLIER
        verdict = Verdict.NEEDS_RUNS if short else Verdict.NO_CLEAR_CHANGE
        return _plain(verdict, len(earlier), apart)
    low, high = apart.ci95
    if low <= 1 <= high:
        change = _plain(Verdict.NO_CLEAR_CHANGE, len(earlier), apart)
    else:
        change = HistoryChange(
            verdict=side(unit, better, ahead=low > 1),
            text=phrases.margin(apart.value, unit, better),
            earlier=len(earlier),
            ratio=apart,
        )
    return msgspec.structs.replace(change, interval=phrases.interval(apart, unit, better))


def _ratio(newest: float, earlier: Sequence[float], better: Better) -> Ratio | None:
    """Return how many times better the newest value is than the mean of the earlier ones.

    A new run strays from the mean by its own deviation and by the error of the mean.
    """
    before = moments(earlier)
    error = None
    if before.sd is not None and len(earlier) >= MIN_EARLIER:
        error = before.sd * math.sqrt(1 + 1 / before.n)
    mean = Estimate(value=before.mean, error=error, df=before.n - 1, n=before.n)
    exact = Estimate(value=newest, error=0.0, df=math.inf, n=1)
    return ratio(mean, exact) if better is Better.LOWER else ratio(exact, mean)


def _plain(verdict: Verdict, earlier: int, apart: Ratio | None = None) -> HistoryChange:
    return HistoryChange(verdict=verdict, text=verdict.value, earlier=earlier, ratio=apart)
