"""The ratio of two independent estimates, with its interval where both have one.

The interval holds every ratio r for which first - r x second is not apart from 0: Fieller, Journal
of the Royal Statistical Society B 16 (1954) 175, with Welch's degrees of freedom at each r (Tamhane
and Logan, Journal of Biopharmaceutical Statistics 14 (2004) 843). At r = 1 this is the rule by
which lanes share a place, so that a winner's interval never contains 1, and a tie's always does.
"""

import math
from functools import lru_cache
from typing import NamedTuple

from benchrace.run.result import Ratio
from benchrace.stats.comparison.difference import degrees_of_freedom
from benchrace.stats.estimate import CONFIDENCE, Estimate
from benchrace.stats.moments import usable
from benchrace.stats.student import quantile

UNBOUNDED = "the rounds vary too much for an interval"
_STEPS = 100


class _Pair(NamedTuple):
    """Two positive values with their errors."""

    first: float
    second: float
    first_error: float
    second_error: float
    first_df: float
    second_df: float

    def t(self, ratio: float) -> float:
        df = degrees_of_freedom(
            (self.first_error, self.first_df), (ratio * self.second_error, self.second_df)
        )
        return 0.0 if df is None else quantile(0.5 + CONFIDENCE / 2, df)


@lru_cache(maxsize=1024)
def ratio(first: Estimate, second: Estimate, tie: float = 0.0) -> Ratio | None:
    """Divide the first by the second; None unless both are positive.

    What estimates leave open, and what the stamps' error can make (`tie`), widens the interval.
    """
    if first.value is None or second.value is None or first.value <= 0 or second.value <= 0:
        return None
    value = first.value / second.value
    if not usable(value) or value <= 0:
        return None
    if first.error is None or second.error is None:
        reason = (first if first.error is None else second).reason
        return Ratio(value=value, reason=reason or "one of the two has no interval")
    low = _end(first, second, first.value - first.below, second.value + second.above, -1)
    high = _end(first, second, first.value + first.above, second.value - second.below, 1)
    if low is None or high is None:
        return Ratio(value=value, reason=UNBOUNDED)
    stamped = (first.value - first.below - tie) / (second.value + second.above)
    low = max(0.0, min(low, stamped))
    high = max(high, (first.value + first.above + tie) / (second.value - second.below))
    return Ratio(value=value, ci95=(low, high))


def _end(
    first: Estimate, second: Estimate, first_value: float, second_value: float, side: int
) -> float | None:
    """Return the lower (-1) or upper (1) end, or None if the interval is unbounded."""
    if second_value <= 0:
        return None
    if first_value <= 0:
        return 0.0
    pair = _Pair(
        first_value,
        second_value,
        first.error or 0.0,
        second.error or 0.0,
        first.df,
        second.df,
    )
    # Degrees of freedom depend on the ratio, and hardly: a few steps settle the end.
    end = first_value / second_value
    for _ in range(_STEPS):
        following = _root(pair, pair.t(end), side)
        if following is None or abs(following - end) <= 1e-9 * end:
            return following
        end = following
    return end


def _root(pair: _Pair, t: float, side: int) -> float | None:
    """Solve (first - r second)^2 = t^2 (first_error^2 + r^2 second_error^2) for r."""
    u, v = t * pair.first_error / pair.first, t * pair.second_error / pair.second
    if v >= 1:
        return None
    root = (1 + side * math.sqrt(max(0.0, u * u + v * v - u * u * v * v))) / (1 - v * v)
    return max(0.0, pair.first / pair.second * root)
