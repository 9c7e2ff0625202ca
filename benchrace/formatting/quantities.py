"""Numbers with units: rates and counts with a prefix, durations, sizes."""

import math
import re

from benchrace.formatting.numbers import (
    DASH,
    EDGE,
    MINUS,
    count,
    digits,
    fixed,
    in_words,
    number,
    shown,
)

# A unit that begins with its own prefix (MiB/s, kWh) never gets a second one.
_PREFIXED = re.compile(r"(?:[kMGT]|[KMGT]i)[A-Za-z]")
# Units of time, in nanoseconds.
TIMES_NS = {"ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 6e10, "h": 3.6e12}
_SHORT_TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
# What rounds to a minute.
MINUTE_NS = 59.95e9


def takes_prefix(unit: str) -> bool:
    """Return whether k, M or G can stand before a unit: not before `MiB/s`, `%` or `°C`."""
    return unit == "" or is_per(unit) or (unit[0].isalpha() and not has_prefix(unit))


def has_prefix(unit: str) -> bool:
    """Return whether a unit already begins with a prefix: `MiB/s`, `GB`, `kWh`."""
    return _PREFIXED.match(unit) is not None


def is_per(unit: str) -> bool:
    """Return whether a unit counts something without a name: `1/s`."""
    return unit.startswith("1/")


def quantity(value: float | None, unit: str, *, exact: bool = False) -> str:
    """Format a number with its unit: `12.3 Mprimes/s`, `1.85 s` for 1850 milliseconds.

    An `exact` one is a count, all of whose digits matter: `50,847,534 primes`.
    """
    if not shown(value):
        return DASH
    if unit in TIMES_NS:
        return duration(value * TIMES_NS[unit])
    if exact and value == int(value):
        return spaced(count(value), unit)
    return joined(number(value) if takes_prefix(unit) else digits(value), unit)


def prose(value: float | None, unit: str = "", *, exact: bool = False) -> str:
    """Format a number with its unit for a sentence: `1.37 billion numbers/s`."""
    if not shown(value):
        return DASH
    if unit in TIMES_NS or exact or not takes_prefix(unit):
        return quantity(value, unit, exact=exact)
    return spaced(in_words(value), unit)


def joined(text: str, unit: str) -> str:
    """Join a number to its unit; a prefix stands directly before it."""
    return f"{text}{unit}" if text[-1].isalpha() and not is_per(unit) else spaced(text, unit)


def spaced(text: str, unit: str) -> str:
    """Put a unit after a number: `12.3 tok/s`; of `1/s` the 1 is the number: `12.3/s`."""
    return f"{text}{unit[1:]}" if is_per(unit) else f"{text} {unit}".rstrip()


def duration(ns: float | None) -> str:
    """Format nanoseconds: `850 µs`, `12.3 ms`, `1.85 s`, `2 min 05 s`, `1 h 02 min`."""
    if not shown(ns):
        return DASH
    size = abs(ns)
    if size == 0:
        return "0 s"
    if size >= MINUTE_NS:
        return f"{MINUS if ns < 0 else ''}{_clock(size / 1e9)}"
    limit, unit = next((step for step in _SHORT_TIMES if size >= step[0] * EDGE), _SHORT_TIMES[-1])
    return f"{digits(ns / limit)} {unit}"


def remaining(ns: float | None) -> str:
    """Format an estimate of what is left, no more exactly than it is known: `about 45 s`."""
    if not shown(ns):
        return "not known yet"
    seconds = ns / 1e9
    if seconds < 1:
        return "under a second"
    if seconds < 100:
        step = 1 if seconds < 10 else 5
        return f"about {math.ceil(seconds / step) * step} s"
    if seconds < 5400:
        return f"about {count(seconds / 60)} min"
    return f"about {fixed(seconds / 3600, 1).removesuffix('.0')} h"


def file_size(size: float | None) -> str:
    """Format the bytes of a file, a model or a transfer: `4.92 GB`."""
    return joined(number(size), "B") if shown(size) else DASH


def memory_size(size: float | None) -> str:
    """Format the bytes of memory, which comes in powers of two: `24 GiB`."""
    if not shown(size):
        return DASH
    unit = 0
    while abs(size) >= 1000 * EDGE and unit < len(_BINARY) - 1:
        size /= 1024
        unit += 1
    return f"{digits(size)} {_BINARY[unit]}"


def _clock(seconds: float) -> str:
    nearest = math.floor(seconds + 0.5)
    if nearest < 3600:
        return f"{nearest // 60} min {nearest % 60:02d} s"
    minutes = math.floor(seconds / 60 + 0.5)
    return f"{count(minutes // 60)} h {minutes % 60:02d} min"
