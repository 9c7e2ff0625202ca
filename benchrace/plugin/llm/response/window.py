"""Count the tokens of answers that came in a window of time."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from benchrace.kinds.llm import Answer


class WindowTokens(NamedTuple):
    """`n` tokens in a window; if that is an estimate, between `least` and `most`."""

    n: float
    least: float
    most: float


def tokens_between(
    answer: Answer, stamps: Sequence[int], counts: Sequence[int], start_ns: int, end_ns: int
) -> WindowTokens:
    """Count the tokens that came after `start_ns`, up to and including `end_ns`.

    `stamps` are those of the chunks with text, and `counts` the engine's counts at each of them.
    Without counts it is estimated by the share of chunks, each of which has at least one token.
    """
    before, until = bisect_right(stamps, start_ns), bisect_right(stamps, end_ns)
    chunks, all_chunks = until - before, answer.content
    if not chunks:
        return WindowTokens(0.0, 0.0, 0.0)
    if counts:
        exact = float(counts[until - 1] - (counts[before - 1] if before else 0))
        return WindowTokens(exact, exact, exact)
    sent = (answer.usage.output or 0) - answer.usage.unseen
    share = sent * chunks / all_chunks
    if sent <= all_chunks or chunks == all_chunks:
        return WindowTokens(share, share, share)
    return WindowTokens(share, chunks, sent - (all_chunks - chunks))


def total(parts: Sequence[WindowTokens]) -> WindowTokens:
    """Return the sum over answers."""
    return WindowTokens(*(float(sum(ends)) for ends in zip(*parts, strict=True)))
