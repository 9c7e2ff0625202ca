"""Several values in one unit: columns of tables, and both ends of an interval."""

from collections.abc import Iterable

import msgspec

from benchrace.formatting.comparisons import ratio
from benchrace.formatting.numbers import DASH, EDGE, PREFIXES, digits, fixed, precise, shown
from benchrace.formatting.quantities import (
    MINUTE_NS,
    TIMES_NS,
    duration,
    is_per,
    spaced,
    takes_prefix,
)

_TIMES = tuple((TIMES_NS[unit], unit) for unit in ("min", "s", "ms", "µs", "ns"))
_MAX_PLACES = 6

Bounds = tuple[float, float]


class Scale(msgspec.Struct, frozen=True):
    """A scale: numbers are divided by `factor` and shown in `unit`."""

    factor: float
    unit: str

    def text(self, value: float | None) -> str:
        """Format three significant digits."""
        return digits(value / self.factor) if shown(value) else DASH

    def interval(self, bounds: Bounds | None) -> str:
        """Format an interval without its unit: `701–823`."""
        if bounds is None or not all(map(shown, bounds)):
            return DASH
        low, high = (bound / self.factor for bound in bounds)
        return _between(*_apart(low, high), low)


def scale(values: Iterable[float | None], unit: str) -> Scale:
    """Choose the prefix, or the unit of time, that suits the largest of `values`."""
    largest = max((abs(value) for value in values if shown(value)), default=0.0)
    if unit in TIMES_NS:
        return _time_scale(largest * TIMES_NS[unit], unit)
    if takes_prefix(unit):
        for limit, prefix in PREFIXES:
            if largest >= limit * EDGE:
                return Scale(limit, prefix + (unit[1:] if is_per(unit) else unit))
    return Scale(1.0, unit)


def interval(bounds: Bounds | None, unit: str = "", value: float | None = None) -> str:
    """Format both ends with the unit once: `60.4–119 Mprimes/s`, `−1.2 to 3.4 s`.

    Beside its `value` an interval has that one's prefix, so that the two are read as one.
    """
    if bounds is None or not all(map(shown, bounds)):
        return DASH
    sizes = (value,) if shown(value) and value else bounds
    by = scale(sizes, unit)
    if unit in TIMES_NS and max(map(abs, sizes)) * TIMES_NS[unit] >= MINUTE_NS:
        low, high = (duration(bound * TIMES_NS[unit]) for bound in bounds)
        return low if low == high else f"{low} to {high}"
    return spaced(by.interval(bounds), by.unit)


def ratio_interval(bounds: Bounds | None) -> str:
    """Format an interval of a multiple: `1.6–3.1x`."""
    if bounds is None or not all(map(shown, bounds)):
        return DASH
    low, high = (ratio(bound) for bound in bounds)
    return _between(low if low == high else low.removesuffix("x"), high, bounds[0])


def precise_interval(bounds: Bounds | None) -> str:
    """Format an interval as `precise` does its ends, without a unit."""
    if bounds is None or not all(map(shown, bounds)):
        return DASH
    return _between(precise(bounds[0]), precise(bounds[1]), bounds[0])


def _time_scale(largest_ns: float, unit: str) -> Scale:
    """Return the scale of times that are given in `unit`."""
    for size, name in _TIMES:
        if largest_ns >= size * EDGE:
            return Scale(size / TIMES_NS[unit], name)
    return Scale(1.0, unit)


def _apart(low: float, high: float) -> tuple[str, str]:
    """Format both ends with as many digits as it takes to tell them apart."""
    texts = digits(low), digits(high)
    for places in range(1, _MAX_PLACES + 1):
        if low == high or texts[0] != texts[1]:
            break
        texts = fixed(low, places), fixed(high, places)
    return texts


def _between(low: str, high: str, least: float) -> str:
    if low == high:
        return low
    return f"{low}–{high}" if least >= 0 else f"{low} to {high}"
