"""Plain numbers: three digits with a prefix, exact counts, places.

Halves are rounded away from zero, as JavaScript does; Python's own formatting rounds them to even.
"""

import math
from typing import TypeGuard

DASH = "-"
# As wide as a plus sign.
MINUS = "\u2212"

# A value that rounds to 1,000 of a unit is shown in the next one.
EDGE = 0.9995
# From here on, and below 0.0001, a number has an exponent.
_HUGE = 1e21 * EDGE
_MAX_PLACES = 6

PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_WORDS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))


def shown(value: float | None) -> TypeGuard[float]:
    """Return whether a value can be shown: it was measured, and is finite."""
    return value is not None and math.isfinite(value)


def rounded(value: float) -> int:
    """Round to an integer, halves away from zero."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def fixed(value: float, places: int) -> str:
    """Format with exactly so many decimals, and commas between thousands."""
    if abs(value) >= _HUGE:
        return _exponent(value)
    above, below = abs(value).as_integer_ratio()
    scaled = (2 * above * 10**places + below) // (2 * below)
    units, decimals = divmod(scaled, 10**places)
    text = f"{units:,}.{decimals:0{places}d}" if places else f"{units:,}"
    return f"{MINUS}{text}" if value < 0 and scaled else text


def significant(value: float, digit_count: int) -> str:
    """Format a number between 0 and 1 with so many significant digits, without zeros at its end."""
    size, places = abs(value), digit_count
    while size * 10 < EDGE and places <= _MAX_PLACES:
        size *= 10
        places += 1
    return _exponent(value) if places > _MAX_PLACES else fixed(value, places).rstrip("0")


def digits(value: float | None) -> str:
    """Format three significant digits: `1.23`, `12.3`, `0.0042`; all of an integer: `1,420`."""
    if not shown(value):
        return DASH
    size = abs(value)
    if size >= 99.95 or value == int(value):
        return fixed(value, 0)
    if size >= EDGE:
        return fixed(value, 1 if size >= 9.995 else 2)
    return significant(value, 3)


def number(value: float | None) -> str:
    """Format three digits with an SI prefix: `1.23 M`."""
    if not shown(value):
        return DASH
    for limit, prefix in PREFIXES:
        if limit * EDGE <= abs(value) < _HUGE:
            return f"{digits(value / limit)} {prefix}"
    return digits(value)


def in_words(value: float) -> str:
    """Format three digits for a sentence: `1.37 billion`, `12,300`, `12.3`."""
    for limit, word in _WORDS:
        if limit * EDGE <= abs(value) < _HUGE:
            return f"{_three(value / limit)} {word}"
    return _three(value)


def whole(value: int) -> str:
    """Format an integer exactly: `20 billion` where that says all of it, otherwise `50,847,534`."""
    for size, word in _WORDS:
        thousandths, rest = divmod(abs(value) * 1000, size)
        if thousandths >= 1000 and rest == 0:
            units, part = divmod(thousandths, 1000)
            decimals = f".{part:03d}".rstrip("0") if part else ""
            return f"{MINUS if value < 0 else ''}{units:,}{decimals} {word}"
        if thousandths >= 1000:
            break
    return count(value)


def count(value: float | None) -> str:
    """Format as an integer with commas: `50,847,534`."""
    return fixed(value, 0) if shown(value) else DASH


def plural(value: int, one: str, many: str | None = None) -> str:
    """Format a count with its noun: `1 round`, `2,000 rounds`."""
    return f"{count(value)} {one if value == 1 else many or f'{one}s'}"


def ordinal(place: int) -> str:
    """Format a place: `1st`, `2nd`, `11th`."""
    suffix = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10)
    return f"{place}{suffix or 'th'}"


def precise(value: float | None) -> str:
    """Format four significant digits, or in full from 1,000 on, for tables that are copied."""
    if not shown(value):
        return DASH
    if value != 0 and not 1e-4 <= abs(value) < 1e15:
        mantissa, power = f"{value:.3e}".split("e")
        return f"{mantissa.replace('-', MINUS)}e{int(power)}"
    text = f"{value:.4g}"
    if abs(float(text)) >= 1000 or value == int(value):
        return fixed(value, 0)
    return text.replace("-", MINUS)


def _three(value: float) -> str:
    """Format three significant digits; the digits after them are zeros: `12,300`."""
    step = 1
    while 999.5 * step <= abs(value) < _HUGE:
        step *= 10
    return digits(value) if step == 1 else fixed(rounded(value / step) * step, 0)


def _exponent(value: float) -> str:
    """Format as `4.2e-5`."""
    size, power = abs(value), 0
    while size < EDGE:
        size *= 10
        power -= 1
    while size >= 9.995:
        size /= 10
        power += 1
    return f"{MINUS if value < 0 else ''}{digits(size)}e{power}"
