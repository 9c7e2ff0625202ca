"""The bounds of timestamps that matter: those of text that came together with other text."""

from collections.abc import Sequence

import pytest

from benchrace.kinds.llm import Answer, Usage
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.restamp import Arrivals, restamp_answer
from benchrace.plugin.stream import Chunk
from tests.plugin.llm.chunked import facts, hearing

END = Delta(finish="length", usage=Usage(output=3))
MS = 1_000_000
# A chunk: its text, the read that it came in, in ms, and its bound, in ms.
Came = tuple[str, int, int]


def read(came: Sequence[Came]) -> tuple[Answer, Arrivals]:
    reader = hearing()
    for text, at, bound in came:
        piece = Delta(text=text) if text else END
        reader.take(Chunk(b"", at * MS, (at - bound) * MS, 0), piece)
    arrivals = Arrivals(
        sent_ns=0,
        t_ns=[at * MS for _, at, _ in came],
        bound_ns=[bound * MS for _, _, bound in came],
    )
    return facts(reader), arrivals


@pytest.mark.parametrize(
    ("came", "bound"),
    [
        # The end of the answer comes by itself, or in the read of the last token: by chance.
        ([("a", 10, 0), ("b", 30, 0), ("c", 50, 0), ("", 51, 0)], 0),
        ([("a", 10, 0), ("b", 30, 0), ("c", 50, 20), ("", 50, 0)], 0),
        ([("a", 10, 0), ("b", 30, 0), ("c", 50, 20), ("", 50, 20), ("", 50, 0)], 0),
        ([("a", 10, 10), ("", 10, 0), ("b", 30, 0), ("c", 50, 0)], 0),
        # Two tokens in one read: the first of them may have come long before.
        ([("a", 10, 0), ("b", 50, 40), ("c", 50, 40), ("", 50, 0)], 40),
        ([("a", 30, 20), ("b", 30, 20), ("c", 50, 0), ("", 51, 0)], 20),
        ([("a", 10, 10)], 10),
    ],
)
def test_a_bound_counts_where_text_shares_its_read_with_text(
    came: Sequence[Came], bound: int
) -> None:
    answer, arrivals = read(came)
    assert answer.bound_ns == bound * MS
    restamped, _ = restamp_answer(answer, {0: arrivals})
    assert restamped == answer
