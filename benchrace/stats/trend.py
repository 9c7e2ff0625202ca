"""Whether a lane's rounds drift: the Mann-Kendall test, and by how much: Sen's slope.

Mann, Econometrica 13 (1945) 245; Kendall, Rank Correlation Methods (1975); Sen, Journal of the
American Statistical Association 63 (1968) 1379.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from statistics import NormalDist, median

import msgspec

from benchrace.kinds import Better
from benchrace.stats.moments import mean

SIGNIFICANCE = 0.05
# A smaller drift over all rounds changes nothing that is shown.
LEAST_CHANGE = 0.02
# More rounds are averaged in groups: the test takes the square of their number.
_MOST = 100
# Up to here the distribution is computed exactly where no two values are equal.
_EXACT = 30


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """`change` is that of the line from the first to the last value, as a share of the first.

    Of values that are not all positive, it is relative to their median.
    """

    p_value: float
    change: float

    @property
    def drifts(self) -> bool:
        """Check whether the values rise or fall, beyond chance and by 2 % or more."""
        return self.p_value < SIGNIFICANCE and abs(self.change) >= LEAST_CHANGE

    def times_better(self, better: Better) -> float:
        """Return how many times better the last value is than the first: under 1 it is worse."""
        if better is not Better.LOWER:
            return 1 + self.change
        return 1 / (1 + self.change) if self.change > -1 else 1 - self.change


def trend(values: Sequence[float]) -> Trend | None:
    """Test values in the order of their rounds; None of fewer than three, or around 0."""
    return _trend(tuple(_grouped(values)))


@lru_cache(maxsize=256)
def _trend(values: tuple[float, ...]) -> Trend | None:
    if len(values) < 3 or not (middle := median(values)):
        return None
    s = sum((after > before) - (after < before) for before, after in combinations(values, 2))
    if min(values) > 0:
        # The line through the logarithms stays positive: what falls loses less than all of it.
        change = math.expm1(_rise([math.log(value) for value in values]))
    else:
        change = _rise(values) / abs(middle)
    return Trend(p_value=p_value(s, values), change=change)


def _rise(values: Sequence[float]) -> float:
    """Return by how much Sen's line rises from the first to the last value."""
    pairs = combinations(enumerate(values), 2)
    slope = median((after - before) / (j - i) for (i, before), (j, after) in pairs)
    return slope * (len(values) - 1)


def p_value(s: int, values: Sequence[float]) -> float:
    """Return how probable |S| >= |`s`| is for values in random order."""
    n = len(values)
    ties = Counter(values)
    if n <= _EXACT and len(ties) == n:
        # S = pairs - 2 x inversions.
        counts = _inversions(n)
        least = (n * (n - 1) // 2 + abs(s)) // 2
        return min(1.0, 2 * sum(counts[least:]) / math.factorial(n))
    variance = n * (n - 1) * (2 * n + 5)
    variance -= sum(t * (t - 1) * (2 * t + 5) for t in ties.values())
    if variance <= 0:
        return 1.0
    return 2 * NormalDist().cdf(-abs(s) / math.sqrt(variance / 18))


@lru_cache(maxsize=_EXACT)
def _inversions(n: int) -> tuple[int, ...]:
    """Count the permutations of n values by their inversions."""
    counts = [1]
    for size in range(2, n + 1):
        longer = [0] * (len(counts) + size - 1)
        for inversions, count in enumerate(counts):
            for more in range(size):
                longer[inversions + more] += count
        counts = longer
    return tuple(counts)


def _grouped(values: Sequence[float]) -> list[float]:
    size = math.ceil(len(values) / _MOST)
    return [mean(values[start : start + size]) for start in range(0, len(values), size or 1)]
