"""Quartiles and outliers, defined as pytest-benchmark's documents define them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import fmean, median, stdev

import msgspec


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of durations in seconds, by pytest-benchmark's field names."""

    min: float
    max: float
    mean: float
    stddev: float
    rounds: int
    median: float
    iqr: float
    q1: float
    q3: float
    iqr_outliers: int
    stddev_outliers: int
    outliers: str
    ld15iqr: float
    hd15iqr: float
    ops: float
    total: float
    iterations: int
    data: tuple[float, ...]


def spread(durations: Sequence[float]) -> Spread:
    """Describe at least one duration; a single one has, by their convention, a deviation of 0."""
    data = sorted(durations)
    total, mean = sum(data), fmean(data)
    deviation = stdev(data) if len(data) > 1 else 0.0
    q1, q3 = quartiles(data)
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    beyond = sum(not low <= value <= high for value in data)
    far = sum(abs(value - mean) > deviation for value in data)
    return Spread(
        min=data[0],
        max=data[-1],
        mean=mean,
        stddev=deviation,
        rounds=len(data),
        median=median(data),
        iqr=q3 - q1,
        q1=q1,
        q3=q3,
        iqr_outliers=beyond,
        stddev_outliers=far,
        outliers=f"{far};{beyond}",
        ld15iqr=data[bisect_left(data, low)],
        hd15iqr=data[bisect_right(data, high) - 1],
        ops=len(data) / total if total else 0.0,
        total=total,
        iterations=1,
        data=tuple(durations),
    )


def quartiles(data: Sequence[float]) -> tuple[float, float]:
    """Return the first and the third quartile of sorted data.

    Halves' medians where the number is even; where it is odd, the weighted neighbours that lie
    between counting the median to both halves and to neither.
    """
    count = len(data)
    if count == 1:
        return data[0], data[0]
    if count % 2 == 0:
        return median(data[: count // 2]), median(data[count // 2 :])
    n = count // 4
    if count % 4 == 1:
        return (
            0.25 * data[n - 1] + 0.75 * data[n],
            0.75 * data[3 * n] + 0.25 * data[3 * n + 1],
        )
    return (
        0.75 * data[n] + 0.25 * data[n + 1],
        0.25 * data[3 * n + 1] + 0.75 * data[3 * n + 2],
    )
