"""How one value stands against another: as a percentage while they are close, then as a ratio."""

import math

from benchrace.formatting.numbers import DASH, MINUS, fixed, shown, significant

# From here on people think in multiples: `1.5x`, not `50 %`.
_MULTIPLE = 1.5
_SMALLEST_PERCENT = 0.01


def percent(share: float | None) -> str:
    """Format a share of 1 as a percentage: `0.34 %`, `3.4 %`, `34 %`."""
    if not shown(share):
        return DASH
    value = share * 100
    size = abs(value)
    if 0 < size < _SMALLEST_PERCENT:
        return f"< {_SMALLEST_PERCENT} %" if value > 0 else f"> {MINUS}{_SMALLEST_PERCENT} %"
    if 99.5 <= size < 100:
        # What is not the whole is never shown as all of it.
        return f"{fixed(math.copysign(min(size, 99.9), value), 1)} %"
    if size >= 9.95 or value == int(value):
        return f"{fixed(value, 0)} %"
    if size >= 0.995:
        return f"{fixed(value, 1).removesuffix('.0')} %"
    return f"{significant(value, 2)} %"


def ratio(value: float | None) -> str:
    """Format a multiple: `0.36x`, `2.2x`, `27.6x`, `1,200x`."""
    if not shown(value):
        return DASH
    size = abs(value)
    if size >= 99.95 or size == 0:
        return f"{fixed(value, 0)}x"
    return f"{fixed(value, 1) if size >= 0.995 else significant(value, 2)}x"


def change(value: float | None) -> str:
    """Format a value that was divided by its baseline: `+12 %`, `−3.4 %`, `27.6x`."""
    if not shown(value):
        return DASH
    if not 1 / _MULTIPLE < value < _MULTIPLE:
        return ratio(value)
    if abs(value - 1) * 100 < _SMALLEST_PERCENT:
        return "±0 %"
    return f"{'+' if value > 1 else MINUS}{percent(abs(value - 1))}"


def margin(value: float | None, more: str = "faster", less: str = "slower") -> str:
    """Format by how much a value is more than its baseline, as words: `12 % faster`, `2.2x faster`.

    `value` is the ratio of the two; below 1 it is `less`: `8 % slower`, `2.2x slower`.
    """
    if not shown(value) or value <= 0:
        return DASH
    if value == 1:
        return "equal"
    word = more if value > 1 else less
    if 1 / _MULTIPLE < value < _MULTIPLE:
        return f"{percent(abs(value - 1))} {word}"
    return f"{ratio(max(value, 1 / value))} {word}"
