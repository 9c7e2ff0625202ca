"""Words and numbers for a terminal. Foreign text can never move the cursor or change colours."""

import re

from benchrace.cli.column import digits, has_prefix
from benchrace.errors import Failure

# CSI and OSC sequences whole, then every other control character but the newline.
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|\x1b[@-_]|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def clean(text: str) -> str:
    """Strip terminal escapes, control characters and direction marks; newlines stay."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


def clean_line(text: str) -> str:
    """As `clean`, and on one line."""
    return clean(text.replace("\r", " ").replace("\n", " ").replace("\t", " "))


def number(value: float | None) -> str:
    """Three significant digits with an SI prefix: `1.23 M`; a dash where nothing was measured."""
    if value is None:
        return "-"
    size = abs(value)
    for limit, prefix in _PREFIXES:
        if size >= limit * 0.9995:
            return f"{digits(value / limit)} {prefix}"
    return digits(value)


def quantity(value: float | None, unit: str) -> str:
    """A number with its unit: `12.3 Mprimes/s`, `1.85 s` for milliseconds of 1000 and more."""
    if value is None:
        return "-"
    if unit == "ms":
        return duration(value / 1e3)
    if has_prefix(unit):
        return f"{digits(value)} {unit}"
    text = number(value)
    return f"{text}{unit}" if text[-1].isalpha() else f"{text} {unit}"


def bytes_of(value: float | None) -> str:
    """A number of bytes: `4.92 GB`; a dash where it is unknown."""
    return "-" if value is None else f"{number(value)}{'' if abs(value) >= 999.5 else ' '}B"


def duration(seconds: float | None) -> str:
    """A time in words: `850 us`, `12.3 ms`, `1.85 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds is None:
        return "-"
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1, 1e3, "ms"), (59.95, 1, "s")):
        if abs(seconds) < limit:
            return f"{digits(seconds * factor)} {unit}"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def percent(part: float | None) -> str:
    """A share as a percentage with two digits that mean something."""
    return "-" if part is None else f"{part * 100:.2g} %" if part < 0.1 else f"{part * 100:.0f} %"


def ordinal(place: int) -> str:
    """`1st`, `2nd`, `11th`."""
    suffix = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10)
    return f"{place}{suffix or 'th'}"


def failure_lines(failure: Failure) -> list[str]:
    """A failure for people: what happened, each bad field, and what to do."""
    fields = [str(field) for field in failure.fields]
    # A file's error says before its field which file it is, and which line.
    if fields and not (len(fields) == 1 and failure.message.endswith(failure.fields[0].message)):
        lines = [f"benchrace: {clean_line(field)}" for field in fields]
    else:
        lines = [f"benchrace: {clean_line(failure.message)}"]
    if failure.remedy:
        lines.append(f"  {clean_line(failure.remedy)}")
    return lines
