"""The distribution of gaps between chunks, from their timestamps."""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise

from benchrace.kinds.llm import Gaps

STALL_NS = 500_000_000
# Chunks that are written together are at most this far apart, and much closer than the others of
# their answer.
_TOGETHER_NS = 1_000_000
_TOGETHER_SHARE = 20


def between(stamps: Sequence[int]) -> "array[int]":
    """Return the gaps of one answer in ns."""
    return array("q", (later - now for now, later in pairwise(stamps)))


def together(stamps: Sequence[int]) -> int:
    """Return the number of chunks that came first, together, regardless of later stalls."""
    if not stamps:
        return 0
    mean = (stamps[-1] - stamps[0]) / max(1, len(stamps) - 1)
    limit = min(_TOGETHER_NS, mean / _TOGETHER_SHARE)
    count = 1
    while count < len(stamps) and stamps[count] - stamps[count - 1] <= limit:
        count += 1
    return count


def doubt(stamps: Sequence[int], bounds: tuple[int, int]) -> int:
    """Return how much earlier the first or the last chunk with text may have come, by their bounds.

    A bound extends back to the previous read, however long ago that was. It matters only if
    another chunk with text came in the same read. Chunks without text, like the end of an answer
    or its usage, are written right after the last token and do not affect its timestamp.
    """
    if len(stamps) < 2:
        return max(bounds)
    first = bounds[0] if stamps[1] == stamps[0] else 0
    last = bounds[1] if stamps[-1] == stamps[-2] else 0
    return max(first, last)


def digest(gaps: Sequence[int]) -> Gaps:
    """Summarize gaps; a percentile p needs n >= 10 / (1 - p)."""
    ordered = sorted(gaps)
    return Gaps(
        n=len(ordered),
        p50_ns=_rank(ordered, 50),
        p95_ns=_rank(ordered, 95),
        p99_ns=_rank(ordered, 99),
        max_ns=ordered[-1] if ordered else None,
        stalls=sum(gap > STALL_NS for gap in ordered),
    )


def _rank(ordered: Sequence[int], percent: int) -> int | None:
    if len(ordered) * (100 - percent) < 1000:
        return None
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
