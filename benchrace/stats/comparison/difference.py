"""The difference of two independent estimates, with its interval where both have one."""

import math

import msgspec

from benchrace.stats.estimate import CONFIDENCE, Estimate
from benchrace.stats.moments import usable
from benchrace.stats.student import quantile


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is the second minus the first; `relative` is `value` over the size of the first.

    `ci95` is the 95 % interval of `value`; `reason` says why something is null.
    """

    value: float | None
    relative: float | None = None
    ci95: tuple[float, float] | None = None
    reason: str | None = None

    @property
    def excludes_zero(self) -> bool | None:
        """Check whether the two differ significantly; None without an interval."""
        if self.ci95 is None:
            return None
        low, high = self.ci95
        return low > 0 or high < 0


def difference(first: Estimate, second: Estimate) -> Difference:
    """Subtract the first from the second."""
    if first.value is None or second.value is None:
        return Difference(value=None, reason="one of the two has no value")
    value = second.value - first.value
    relative = value / abs(first.value) if first.value else None
    relative = relative if usable(relative) else None
    half = half_width(first, second)
    if half is None:
        return Difference(value=value, relative=relative, reason="one of the two has no interval")
    low = value - half - second.below - first.above
    high = value + half + second.above + first.below
    return Difference(value=value, relative=relative, ci95=(low, high))


def lead(one: Estimate, other: Estimate) -> float:
    """Return how far two values are apart at least, whatever their estimates leave open.

    Negative where they may be equal.
    """
    if one.value is None or other.value is None:
        return 0.0
    upper, lower = (one, other) if one.value >= other.value else (other, one)
    return abs(one.value - other.value) - upper.below - lower.above


def half_width(first: Estimate, second: Estimate) -> float | None:
    """Return half of the 95 % interval of the difference: Welch's t, Biometrika 34 (1947) 28.

    What estimates leave open comes on top of it.
    """
    if first.error is None or second.error is None:
        return None
    df = degrees_of_freedom((first.error, first.df), (second.error, second.df))
    if df is None:
        return 0.0
    return quantile(0.5 + CONFIDENCE / 2, df) * math.hypot(first.error, second.error)


def degrees_of_freedom(first: tuple[float, float], second: tuple[float, float]) -> float | None:
    """Return Welch's degrees of freedom of a difference, of (error, df) each; None of no error."""
    error = math.hypot(first[0], second[0])
    if error == 0:
        return None
    share = (first[0] / error) ** 2
    return 1 / (share**2 / first[1] + (1 - share) ** 2 / second[1])
