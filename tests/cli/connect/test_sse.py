"""Server-sent events from any chunks of bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.cli.connect.sse import MAX_LINE_BYTES, Message, messages


def test_server_sent_events_are_split_at_newlines_alone() -> None:
    text = "id: 1-5\ndata: a\u2028b\ndata: c\n\n: ping\n\nevent: end\ndata: {}\n\ndata: torn"
    whole = text.encode()
    for size in (1, 3, 1000):
        chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
        received = list(messages(chunks))
        assert received.pop(1) == Message("ping", None, ())
        assert [(message.event, message.id) for message in received] == [("", "1-5"), ("end", None)]
        assert received[0].data == ("a\u2028b".encode(), b"c")
    with pytest.raises(ValueError, match="over"):
        list(messages([b"x" * (MAX_LINE_BYTES + 1)]))


STREAM = "event: lines\nid: 1\ndata: a\u2028b\ndata: c\r\n\n: hello\n\ndata:x\n\ndata: cut".encode()


@given(st.lists(st.integers(0, len(STREAM))))
def test_any_chunks_give_the_same_messages(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(STREAM)]
    received = list(messages(STREAM[a:b] for a, b in pairwise(at)))
    data = ("a\u2028b".encode(), b"c")
    ping = Message("ping", None, ())
    assert received == [Message("lines", "1", data), ping, Message("", None, (b"x",))]
