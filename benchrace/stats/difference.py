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
        """Tell whether the two are apart, null where there is no interval to tell it by."""
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
    return Difference(value=value, relative=relative, ci95=(value - half, value + half))


def half_width(first: Estimate, second: Estimate) -> float | None:
    """Give half of the 95 % interval of the difference: Welch's t, Biometrika 34 (1947) 28."""
    if first.error is None or second.error is None:
        return None
    error = math.hypot(first.error, second.error)
    if error == 0:
        return 0.0
    share = (first.error / error) ** 2
    df = 1 / (share**2 / first.df + (1 - share) ** 2 / second.df)
    return quantile(0.5 + CONFIDENCE / 2, df) * error
