"""The distribution of gaps between chunks, from their stamps."""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise

from benchrace.kinds.llm import Gaps

STALL_NS = 500_000_000


def between(stamps: Sequence[int]) -> "array[int]":
    """Gaps of one answer, ns."""
    return array("q", (later - now for now, later in pairwise(stamps)))


def digest(found: Sequence[int]) -> Gaps:
    """Sum up gaps; a percentile p needs n >= 10 / (1 - p)."""
    ordered = sorted(found)
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
