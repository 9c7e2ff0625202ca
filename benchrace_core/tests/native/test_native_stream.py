"""The stream reader's Python face: any pieces give the same lines, and errors are exceptions."""

import itertools
import select
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace_core import Connection, Splitter, StreamFault, monotonic_ns

BODY = st.lists(
    st.sampled_from([b"\n", b"\r", b"\0", b"data: ", b"{}", b": ping", b"\xe2\x80\xa8", b"\xff"]),
    max_size=30,
).map(b"".join)


def split(shape: str, pieces: list[bytes]) -> list[bytes]:
    splitter, rows = Splitter(shape, 1000), []
    for piece in pieces:
        rows += splitter.feed(piece, 1)
    return [row[0] for row in rows + splitter.finish(2)]


@given(st.sampled_from(["lines", "ndjson", "sse"]), BODY, st.lists(st.integers(0, 60), max_size=5))
def test_any_pieces_give_the_same_lines(shape: str, body: bytes, cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(at)]
    assert split(shape, pieces) == split(shape, [body])


@given(BODY)
def test_lines_are_what_stands_between_newlines(body: bytes) -> None:
    want = body.split(b"\n")
    assert split("lines", [body]) == (want if want[-1] else want[:-1])


def test_a_line_over_the_limit_is_refused() -> None:
    with pytest.raises(StreamFault) as caught:
        Splitter("lines", 10).feed(b"a" * 11, 0)
    assert caught.value.args[0] == "bad_output"


@pytest.mark.parametrize("wrong", ["", "json", "SSE"])
def test_an_unknown_format_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="format"):
        Splitter(wrong, 10)


def test_an_address_is_numbers() -> None:
    with pytest.raises(ValueError, match="addresses"):
        Connection([("localhost", 80)], 10**9, 0)


def test_nobody_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    connection = Connection([("127.0.0.1", port)], 10**9, 0)
    select.select([connection], [], [], 5)
    with pytest.raises(StreamFault) as caught:
        connection.connected()
    assert caught.value.args[0] == "unreachable"
    assert not connection.is_ready()


def test_one_request_over_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection([listener.getsockname()], 10**9, 0)
        peer, _ = listener.accept()
        with peer:
            while connection.connected() is None:
                select.select([connection], [], [], 5)
                connection.take()
            before = monotonic_ns()
            assert connection.begin(
                b"GET", format="lines", line_limit=9, first_ns=10**10, idle_ns=10**10
            )
            assert peer.recv(10) == b"GET"
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na\nb\n")
            rows, end = [], None
            while end is None:
                select.select([connection], [], [], 5)
                more, end = connection.take()
                rows += more
    assert [row[0] for row in rows] == [b"a", b"b"]
    assert end == ("complete", "")
    assert connection.head() == (200, [("content-length", b"4")])
    sent = connection.sent()
    assert sent is not None
    assert before <= sent[0] <= rows[0][1] <= monotonic_ns()
    assert connection.lag()[0] >= 1
    connection.close()
