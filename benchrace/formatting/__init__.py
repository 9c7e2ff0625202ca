"""Values as text for readers, the same in terminal, exports, marks and on the page.

`tests/formatting.json` holds the page's formatting equal to this one. What is None, NaN or infinite
is shown as a dash.
"""

from benchrace.formatting.comparisons import change, margin, percent, ratio
from benchrace.formatting.intervals import Scale, interval, precise_interval, ratio_interval, scale
from benchrace.formatting.names import listed
from benchrace.formatting.numbers import (
    DASH,
    count,
    digits,
    number,
    ordinal,
    plural,
    precise,
    whole,
)
from benchrace.formatting.quantities import (
    TIMES_NS,
    duration,
    file_size,
    memory_size,
    prose,
    quantity,
    remaining,
)

__all__ = [
    "DASH",
    "TIMES_NS",
    "Scale",
    "change",
    "count",
    "digits",
    "duration",
    "file_size",
    "interval",
    "listed",
    "margin",
    "memory_size",
    "number",
    "ordinal",
    "percent",
    "plural",
    "precise",
    "precise_interval",
    "prose",
    "quantity",
    "ratio",
    "ratio_interval",
    "remaining",
    "scale",
    "whole",
]
