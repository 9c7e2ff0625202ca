"""A column of numbers in one unit: the same prefix for all, so that they compare at a glance."""

import re
from collections.abc import Iterable

import msgspec

_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
# A unit that begins with its own prefix (MiB/s, kWh) never gets a second one.
_PREFIXED = re.compile(r"(?:[kMGT]|[KMGT]i)[A-Za-z]")
_TIMES = ((60e3, "min"), (1e3, "s"), (1.0, "ms"), (1e-3, "us"))


class Scale(msgspec.Struct, frozen=True):
    """Numbers are shown divided by `factor`; `unit` is what they are in then."""

    factor: float
    unit: str

    def text(self, value: float | None) -> str:
        """Three significant digits; a dash where nothing was measured."""
        return "-" if value is None else digits(value / self.factor)

    def interval(self, bounds: tuple[float, float] | None) -> str:
        """`701 .. 823`, and a dash where there is none."""
        return "-" if bounds is None else f"{self.text(bounds[0])} .. {self.text(bounds[1])}"


def scale(values: Iterable[float | None], unit: str) -> Scale:
    """Choose the prefix that suits the largest of `values`."""
    if has_prefix(unit):
        return Scale(1.0, unit)
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    steps = _TIMES if unit == "ms" else _PREFIXES
    for limit, prefix in steps:
        if largest >= limit * 0.9995:
            return Scale(limit, prefix if unit == "ms" else prefix + unit)
    return Scale(1.0, unit)


def has_prefix(unit: str) -> bool:
    """Tell whether a unit already begins with a prefix: `MiB/s`, `GB`, `kWh`."""
    return _PREFIXED.match(unit) is not None


def header(title: str, unit: str) -> str:
    """Name a column: `Primes, M/s` rather than `Primes, Mprimes/s`."""
    short = unit.replace(title.lower(), "") if title.lower() in unit else unit
    return f"{title}, {short}" if short else title


def digits(value: float) -> str:
    """Three significant digits, without an exponent where that can be helped."""
    size = abs(value)
    if size >= 99.95 or value == int(value):
        return f"{value:.0f}"
    if size >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.9995 else f"{value:.3g}"
