"""How many rounds would separate two lanes that cannot be told apart."""

import math
from typing import NamedTuple

from benchrace.stats.comparison.difference import lead
from benchrace.stats.estimate import CONFIDENCE, Estimate
from benchrace.stats.student import quantile

# How probable it is that so many rounds separate lanes that differ as much as they seem to.
POWER = 0.8
MAX_MORE = 1000


class MoreRounds(NamedTuple):
    """Further rounds, None for the reason given, as a code and a sentence."""

    rounds: int | None
    code: str | None = None
    reason: str | None = None


def more_rounds(one: Estimate, other: Estimate, tie: float = 0.0) -> MoreRounds:
    """Return the further rounds that each of two lanes needs; `tie` as for the standing.

    n = (t(0.975, df) + t(0.8, df))^2 x (s1^2 + s2^2) / ln(v1 / v2)^2, with s the deviation of a
    round's logarithm and Welch's df: the sample size of a t test (Cohen, Statistical Power
    Analysis, 1988, chapter 2), whose t depend on n as well.
    """
    if one.error is None or other.error is None or not one.value or not other.value:
        return MoreRounds(None, "no_spread", "more rounds are needed for an interval")
    if one.value == other.value:
        return MoreRounds(None, "equal", "the values are equal")
    if (least := lead(one, other)) <= 0:
        return MoreRounds(
            None, "estimates_overlap", "more rounds do not narrow what the estimates leave open"
        )
    if least <= tie:
        return MoreRounds(None, "timing_error", "the difference is within the timing error")
    if one.error == 0 and other.error == 0:
        return MoreRounds(None, "no_spread", "the rounds have no spread")
    lesser = min(one.value, other.value)
    if lesser <= 0:
        return MoreRounds(None, "not_positive", "the values are not both positive")
    # What estimates leave open makes the difference smaller, whatever the number of rounds.
    apart = math.log1p(least / lesser)
    variances = tuple(
        (estimate.error / estimate.value) ** 2 * estimate.n
        for estimate in (one, other)
        if estimate.error is not None and estimate.value
    )
    has = min(one.n, other.n)
    needed = _needed(variances, apart, has + MAX_MORE)
    if needed is None:
        text = f"over {MAX_MORE:,} further rounds would be needed"
        return MoreRounds(None, "too_close", text)
    return MoreRounds(max(1, needed - has))


def _needed(variances: tuple[float, ...], apart: float, most: int) -> int | None:
    """Find the least number of rounds in each lane that is enough."""
    variance = math.fsum(variances)
    share = variances[0] / variance
    spread = share**2 + (1 - share) ** 2

    def enough(n: int) -> bool:
        df = (n - 1) / spread
        t = quantile(0.5 + CONFIDENCE / 2, df) + quantile(POWER, df)
        return n * apart**2 >= t**2 * variance

    if not enough(most):
        return None
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle > 1 and enough(middle) else (middle, high)
    return high
