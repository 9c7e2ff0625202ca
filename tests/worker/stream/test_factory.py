"""The stamped stream against a server that misbehaves in every way on the list."""

import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.plugin import (
    Chunk,
    Format,
    StreamEnd,
    StreamLimits,
    StreamRequest,
    TimingSource,
)
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, RunningServer, Script, serving
from benchrace.worker.stream.factory import WorkerStreams
from benchrace.worker.stream.stamps import Stamps

pytestmark = pytest.mark.anyio


def saying(*pieces: bytes, then: Callable[[Peer], Awaitable[None]] | None = None) -> Script:
    async def script(peer: Peer, request: Request) -> None:
        for piece in pieces:
            await peer.say(piece)
        if then is not None:
            await then(peer)

    return script


async def close(peer: Peer) -> None:
    await peer.close()


async def stall(peer: Peer) -> None:
    await peer.gone()


def request(served: RunningServer, shape: Format = Format.NDJSON, **limits: Any) -> StreamRequest:
    return StreamRequest(url=served.url, body=b"{}", format=shape, limits=StreamLimits(**limits))


class Read:
    """What was read of a stream, and how it ended."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.end: StreamEnd | None = None
        self.rest = b""
        self.category: Category | None = None
        self.message = ""
        self.took_s = 0.0

    @property
    def lines(self) -> list[bytes]:
        return [chunk.data for chunk in self.chunks]


async def read(
    streams: WorkerStreams, script: Script, shape: Format = Format.NDJSON, **limits: Any
) -> Read:
    result = Read()
    began = time.monotonic()
    async with serving(script) as served:
        try:
            async with streams.open(request(served, shape, **limits)) as stream:
                try:
                    async for chunk in stream:
                        result.chunks.append(chunk)
                finally:
                    result.end, result.rest = stream.end, stream.rest
        except BenchraceError as error:
            result.category = error.category
            result.message = error.message
    result.took_s = time.monotonic() - began
    return result


async def test_lines_come_whole_in_order_and_stamped(streams: WorkerStreams) -> None:
    async def script(peer: Peer, request: Request) -> None:
        await peer.say(CHUNKED)
        for number in range(5):
            await peer.chunk(b'{"n":%d,"t":%d}\n' % (number, time.monotonic_ns()))
        await peer.say(LAST)

    async with serving(script) as served, streams.open(request(served)) as stream:
        assert (stream.status, dict(stream.headers)) == (200, {"transfer-encoding": "chunked"})
        assert stream.connect_ns > 0
        chunks = [chunk async for chunk in stream]
        assert stream.end is StreamEnd.COMPLETE
        sent = stream.t_send_ns
        stamps = [chunk.t_ns for chunk in chunks]
        assert [sent, *stamps] == sorted([sent, *stamps])
        assert all(chunk.not_before_ns <= chunk.t_ns for chunk in chunks)
        assert all(chunk.size == len(chunk.data) + 1 for chunk in chunks)
        assert stream.lag.reads > 0
        assert stream.timing_source in (TimingSource.KERNEL, TimingSource.USER)


async def test_a_bug_in_taking_what_came_ends_the_read(
    streams: WorkerStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_stamps: Stamps, _rows: object) -> None:
        raise ValueError("too many values to unpack")

    async def script(peer: Peer, _request: Request) -> None:
        await peer.say(CHUNKED)
        await peer.chunk(b"{}\n")
        await peer.gone()

    monkeypatch.setattr(Stamps, "add", fail)
    with pytest.raises(ValueError, match="too many values"):
        await read(streams, script)


async def test_a_connection_is_made_ahead_kept_and_told_apart(streams: WorkerStreams) -> None:
    async with serving(saying(CHUNKED, b"2\r\n1\n\r\n", LAST)) as served:
        took = await streams.prepare(served.url)
        connects = []
        for _ in range(3):
            async with streams.open(request(served)) as stream:
                connects.append(stream.connect_ns)
                assert [chunk.data async for chunk in stream] == [b"1"]
        assert connects == [took, 0, 0]
        assert len(served.connections) == 1


async def test_a_kept_connection_that_was_closed_is_replaced(streams: WorkerStreams) -> None:
    async with serving(saying(CHUNKED, LAST, then=close)) as served:
        for _ in range(2):
            async with streams.open(request(served)) as stream:
                assert [chunk async for chunk in stream] == []
            with anyio.fail_after(HANG_S):
                await served.connections[-1].gone()


@pytest.mark.parametrize(
    ("script", "end", "category"),
    [
        (saying(CHUNKED, b"2\r\n1\n\r\n", LAST), StreamEnd.COMPLETE, None),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1\n"), StreamEnd.COMPLETE, None),
        (saying(b"HTTP/1.1 200 OK\r\n\r\n1\n", then=close), StreamEnd.CLOSED, None),
        (saying(CHUNKED, b"2\r\n1\n\r\n", then=close), StreamEnd.TRUNCATED, "ended_early"),
        (saying(CHUNKED, b"2\r\n1\n\r\nxyz\r\n"), StreamEnd.BAD_OUTPUT, "bad_output"),
        (saying(CHUNKED, b"2\r\n1\n!\r\n"), StreamEnd.BAD_OUTPUT, "bad_output"),
        (
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1\n{", then=close),
            StreamEnd.TRUNCATED,
            "ended_early",
        ),
    ],
)
async def test_ends_are_told_apart_and_what_came_is_kept(
    streams: WorkerStreams, script: Script, end: StreamEnd, category: str | None
) -> None:
    result = await read(streams, script)
    assert (result.end, result.category) == (end, category)
    assert result.lines == [b"1"]


async def test_a_reset_in_the_middle(streams: WorkerStreams) -> None:
    seen = anyio.Event()

    async def script(peer: Peer, request: Request) -> None:
        await peer.say(CHUNKED + b"3\r\n1\n{\r\n")
        await seen.wait()
        peer.reset()

    async with serving(script) as served, streams.open(request(served)) as stream:
        assert (await anext(stream)).data == b"1"
        seen.set()
        with pytest.raises(BenchraceError) as caught:
            await anext(stream)
        assert caught.value.category is Category.ENDED_EARLY
        assert stream.end in (StreamEnd.RESET, StreamEnd.TRUNCATED)
        assert stream.rest == b"{"


@pytest.mark.parametrize("cut", range(0, len(CHUNKED) + 12, 3))
async def test_a_crash_at_any_byte_is_no_success(streams: WorkerStreams, cut: int) -> None:
    whole = CHUNKED + b"2\r\n1\n\r\n" + LAST
    result = await read(streams, saying(whole[:cut], then=close))
    assert result.category is Category.ENDED_EARLY


@pytest.mark.parametrize(
    ("script", "limits", "category"),
    [
        (saying(then=stall), {"first_s": 0.1}, "timeout_first"),
        (saying(CHUNKED, then=stall), {"first_s": 0.1}, "timeout_first"),
        (saying(CHUNKED, b"2\r\n1\n\r\n", then=stall), {"idle_s": 0.1}, "timeout_idle"),
        (
            saying(CHUNKED, b"2\r\n1\n\r\n", then=stall),
            {"first_s": 0.1, "first_is_told": True},
            "timeout_first",
        ),
    ],
)
async def test_a_hang_ends_by_its_limit(
    streams: WorkerStreams, script: Script, limits: dict[str, Any], category: str
) -> None:
    result = await read(streams, script, **limits)
    assert result.category == category
    assert result.took_s < 5


async def test_pings_are_no_chunks(streams: WorkerStreams) -> None:
    pieces = [b"data: a\n\n", b": ping\n\n", b"event: x\r\ndata: b\r\ndata: c\r\n\r\n"]
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    result = await read(streams, saying(CHUNKED, *chunks, LAST), Format.SSE)
    assert (result.lines, result.category) == ([b"a", b"b\nc"], None)
    assert [chunk.event for chunk in result.chunks] == ["", "x"]


@pytest.mark.parametrize("body", [b'{"error": "no"}', b"<html>\nno\n</html>\n"])
async def test_what_is_no_event_is_left_over(streams: WorkerStreams, body: bytes) -> None:
    script = saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    result = await read(streams, script, Format.SSE)
    assert (result.lines, result.rest) == ([], body.strip())


@pytest.mark.parametrize("shape", [Format.SSE, Format.NDJSON])
async def test_a_byte_order_mark_hides_nothing(streams: WorkerStreams, shape: Format) -> None:
    text = b"data: 1\n\n" if shape is Format.SSE else b"1\n"
    pieces = [b"1\r\n%c\r\n" % byte for byte in b"\xef\xbb\xbf" + text]
    result = await read(streams, saying(CHUNKED, *pieces, LAST), shape)
    assert result.lines == [b"1"]


async def test_nothing_but_a_newline_splits(streams: WorkerStreams) -> None:
    line = "{\u2028\x85\x0b\x0c\r\x00}".encode() + b"\xff\xf0\x9f"
    text = line + b"\n\n" + line + b"\r\n"
    pieces = [b"1\r\n%c\r\n" % byte for byte in text]
    result = await read(streams, saying(CHUNKED, *pieces, LAST))
    assert result.lines == [line, line]


async def test_a_giant_line_is_refused_early(streams: WorkerStreams) -> None:
    sent = 0

    async def script(peer: Peer, request: Request) -> None:
        nonlocal sent
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            await peer.say(b"a" * 1_000_000)
            sent += 1

    result = await read(streams, script)
    assert result.category is Category.BAD_OUTPUT
    assert sent < 100


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"1\n" * 9, mtime=0),
        b"HTTP/1.1 200 OK\r\n" + b"X-Flood: 0123456789\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
async def test_answers_that_nobody_asked_for_are_refused(
    streams: WorkerStreams, head: bytes
) -> None:
    result = await read(streams, saying(head, then=close))
    assert result.category is Category.BAD_OUTPUT
    assert result.lines == []


async def test_informational_answers_are_passed_over(streams: WorkerStreams) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    result = await read(streams, saying(early, early + CHUNKED, b"2\r\n1\n\r\n", LAST))
    assert (result.lines, result.end) == ([b"1"], StreamEnd.COMPLETE)


async def test_an_error_s_body_is_text(streams: WorkerStreams) -> None:
    body = b'{"error":"loading"}'
    head = b"HTTP/1.1 503 No\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with (
        serving(saying(head + body)) as served,
        streams.open(request(served, Format.SSE)) as stream,
    ):
        assert stream.status == 503
        assert await stream.text() == body.decode()


async def test_nobody_there(streams: WorkerStreams) -> None:
    async with serving(saying()) as served:
        pass
    with pytest.raises(BenchraceError) as caught:
        await streams.prepare(served.url)
    assert caught.value.category is Category.UNREACHABLE
    with pytest.raises(BenchraceError) as caught:
        async with streams.open(request(served)):
            pass
    assert caught.value.category is Category.UNREACHABLE


async def test_an_address_that_swallows_everything(streams: WorkerStreams) -> None:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        with pytest.raises(BenchraceError) as caught:
            await streams.prepare(url, connect_s=0.2)
        for client in waiting:
            client.close()
    assert caught.value.category is Category.TIMEOUT_CONNECT


@asynccontextmanager
async def endless() -> AsyncIterator[tuple[RunningServer, anyio.Event]]:
    gone = anyio.Event()

    async def script(peer: Peer, request: Request) -> None:
        await peer.say(CHUNKED + b"2\r\n1\n\r\n")
        await peer.gone()
        gone.set()

    async with serving(script) as served:
        yield served, gone


async def test_a_cancel_closes_at_once(streams: WorkerStreams) -> None:
    async with endless() as (served, gone):
        with anyio.move_on_after(0.2) as scope:
            async with streams.open(request(served)) as stream:
                async for _ in stream:
                    continue
        assert scope.cancelled_caught
        assert stream.end is StreamEnd.CANCELLED
        with anyio.fail_after(HANG_S):
            await gone.wait()


async def test_leaving_early_closes_at_once(streams: WorkerStreams) -> None:
    async with endless() as (served, gone):
        async with streams.open(request(served)) as stream:
            await anext(stream)
        with anyio.fail_after(HANG_S):
            await gone.wait()
        with pytest.raises(RuntimeError, match="async with"):
            await anext(stream)
