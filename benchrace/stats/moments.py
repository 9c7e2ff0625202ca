"""Mean and spread of samples, without losing digits to large offsets or to overflow."""

import math
from collections.abc import Sequence

import msgspec

# A value beyond this cannot be squared or added up safely, and measures nothing.
MAX_MAGNITUDE = 1e300


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """`sd` divides by n - 1 and is null for one sample; `cv` is sd / |mean|."""

    n: int
    mean: float
    median: float
    sd: float | None
    cv: float | None
    min: float
    max: float


def usable(value: float | None) -> bool:
    """Check whether a number can enter a statistic at all."""
    return value is not None and math.isfinite(value) and abs(value) <= MAX_MAGNITUDE


def moments(values: Sequence[float]) -> Moments:
    """Describe at least one usable sample."""
    # Not at the top: a short command checks values, and describes none.
    from statistics import median

    center = mean(values)
    spread = deviation([value - center for value in values]) if len(values) > 1 else None
    return Moments(
        n=len(values),
        mean=center,
        median=median(values),
        sd=spread,
        cv=None
        if spread is None or not spread < MAX_MAGNITUDE * abs(center)
        else spread / abs(center),
        min=min(values),
        max=max(values),
    )


def mean(values: Sequence[float]) -> float:
    """Average by an exactly rounded sum, kept between the extremes."""
    center = math.fsum(values) / len(values)
    return min(max(center, min(values)), max(values))


def deviation(differences: Sequence[float]) -> float:
    """Return the sample deviation of `differences` from a centre that a rounding may have moved.

    The second term takes the centre's error out again (the corrected two-pass algorithm of Chan,
    Golub and LeVeque, The American Statistician 37 (1983) 242); scaling keeps squares in range.
    """
    largest = max(abs(difference) for difference in differences)
    if largest == 0:
        return 0.0
    scale = math.frexp(largest)[1]
    scaled = [math.ldexp(difference, -scale) for difference in differences]
    off = math.fsum(scaled)
    squares = math.fsum(value * value for value in scaled) - off * off / len(scaled)
    return math.ldexp(math.sqrt(max(squares, 0.0) / (len(scaled) - 1)), scale)
