"""What keeps a stream alive: chunks, or content where the reader reports it."""

import time
from ssl import SSLContext
from typing import Any

import anyio
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.plugin import Format, Stream, StreamEnd, StreamLimits, StreamRequest
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, Script, serving
from benchrace.worker.stream.factory import WorkerStreams
from tests.worker.stream.test_factory import read, request

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def going_on(first: bytes, then: bytes, pause_s: float = 0.05) -> Script:
    """Return a script of one chunk, and another again and again, longer than any test waits."""

    async def script(peer: Peer, request: Request) -> None:
        await peer.say(CHUNKED)
        await peer.chunk(first)
        with anyio.move_on_after(HANG_S):
            while True:
                await anyio.sleep(pause_s)
                await peer.chunk(then)

    return script


async def check_idle_after_content(stream: Stream) -> None:
    """Read a chunk of content, and check that what follows ends as idle."""
    assert (await anext(stream)).data == b"1"
    stream.content()
    began = time.monotonic()
    with pytest.raises(BenchraceError) as raised:
        [chunk async for chunk in stream]
    assert raised.value.category is Category.TIMEOUT_IDLE
    assert time.monotonic() - began < HANG_S / 2


@pytest.mark.parametrize("keeps", [b": ping\n\n", b"retry: 5\n\n", b"id: 1\n"])
async def test_what_makes_no_chunk_keeps_no_stream_alive(
    streams: WorkerStreams, keeps: bytes
) -> None:
    result = await read(streams, going_on(b"data: a\n\n", keeps), Format.SSE, idle_s=0.4)
    assert (result.lines, result.category) == ([b"a"], Category.TIMEOUT_IDLE)
    assert result.took_s < HANG_S / 2


@pytest.mark.parametrize("pause_s", [0.0, 0.02])
async def test_where_content_is_told_no_other_chunk_keeps_a_stream_alive(
    streams: WorkerStreams, pause_s: float
) -> None:
    script = going_on(b"1\n", b"{}\n", pause_s)
    limits: dict[str, Any] = {"first_is_told": True, "idle_s": 0.4, "first_s": 20}
    async with serving(script) as served, streams.open(request(served, **limits)) as stream:
        await check_idle_after_content(stream)
        assert stream.end is StreamEnd.TIMED_OUT


async def test_content_that_waited_for_a_busy_loop_was_in_time(streams: WorkerStreams) -> None:
    more, sent = anyio.Event(), anyio.Event()

    async def script(peer: Peer, request: Request) -> None:
        await peer.say(CHUNKED)
        await peer.chunk(b"1\n")
        await more.wait()
        await peer.chunk(b"2\n")
        await peer.chunk(b"3\n")
        await peer.say(LAST)
        sent.set()

    async with serving(script) as served:
        limits: dict[str, Any] = {"first_is_told": True, "idle_s": 0.3}
        async with streams.open(request(served, **limits)) as stream:
            lines = []
            async for chunk in stream:
                lines.append(chunk.data)
                stream.content()
                if chunk.data == b"1":
                    more.set()
                    await sent.wait()
                    # The whole process stands still for longer than the limit.
                    time.sleep(0.5)  # noqa: ASYNC251 - that is the matter here
        assert lines == [b"1", b"2", b"3"]


@pytest.mark.parametrize("keeps", [b": ping\n\n", b"data: {}\n\n"])
async def test_the_client_in_python_counts_content_as_well(
    streams: WorkerStreams, tls: SSLContext, keeps: bytes
) -> None:
    limits = StreamLimits(first_is_told=True, idle_s=0.4, first_s=20)
    async with serving(going_on(b"data: 1\n\n", keeps), tls=tls) as served:
        request = StreamRequest(url=served.url, body=b"{}", format=Format.SSE, limits=limits)
        async with streams.open(request) as stream:
            await check_idle_after_content(stream)
