"""Count the tokens, as reported by the engine, and the characters at each chunk with text."""

from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from benchrace.kinds.llm import FirstChunks
from benchrace.plugin.llm.response import inter_chunk

_NOT_REPORTED = -1


class Opening(NamedTuple):
    """The first chunks, and the engine's count at the last chunk with text."""

    first: FirstChunks | None
    last_tokens: int | None


class Tally:
    """Running sums at each chunk with text, which take 16 bytes a chunk."""

    def __init__(self) -> None:
        self._tokens: array[int] = array("q")
        self._characters: array[int] = array("q")
        self._sum = 0

    def take(
        self, *, total: int | None, tokens: int | None, characters: int, has_text: bool
    ) -> None:
        """Add a chunk: the engine's count so far or of this chunk alone, and all characters."""
        if total is not None:
            self._sum = total
        elif tokens is not None:
            self._sum += tokens
        if has_text:
            reported = total is not None or tokens is not None
            self._tokens.append(self._sum if reported else _NOT_REPORTED)
            self._characters.append(characters)

    def counts(self, output: int | None) -> "array[int]":
        """Return the engine's count at each chunk with text, empty if these are not running sums.

        Some servers report zeros until the end, or each chunk's own tokens instead of the sum: a
        sum grows with the chunks, and never beyond the final `output`.
        """
        sums = self._tokens
        if not sums or min(sums) < 1 or any(now > later for now, later in pairwise(sums)):
            return array("q")
        grows = 2 * (sums[-1] - sums[0]) >= len(sums) - 1
        return sums if grows and (output is None or sums[-1] <= output) else array("q")

    def opening(self, stamps: Sequence[int], output: int | None, t0_ns: int) -> Opening:
        """Return the first chunks, with instants since `t0_ns`."""
        together = inter_chunk.together(stamps)
        if not together:
            return Opening(None, None)
        counts = self.counts(output)
        first = FirstChunks(
            chunks=together,
            end_ns=stamps[together - 1] - t0_ns,
            tokens=counts[together - 1] if counts else None,
            characters=self._characters[together - 1],
        )
        return Opening(first, counts[-1] if counts else None)
