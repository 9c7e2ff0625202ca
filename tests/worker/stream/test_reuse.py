"""Engines that promise to keep a connection and close it: no later request may meet that."""

import anyio
import pytest

from benchrace.plugin import Format, StreamRequest
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, serving
from benchrace.worker.stream.factory import WorkerStreams

pytestmark = pytest.mark.anyio


async def late_close(peer: Peer, request: Request) -> None:
    """Answer whole, take the next request, and close without a word."""
    await peer.say(CHUNKED + b"2\r\n1\n\r\n" + LAST)
    await peer.read_request()
    await peer.close()


async def test_a_connection_of_an_earlier_request_is_left_alone() -> None:
    streams = WorkerStreams()
    async with serving(late_close) as served:
        request = StreamRequest(url=served.url, body=b"{}", format=Format.LINES, reuse=False)
        with anyio.fail_after(HANG_S):
            for _ in range(3):
                async with streams.open(request) as stream:
                    assert [chunk.data async for chunk in stream] == [b"1"]
        assert len(served.connections) == 3
    streams.close()


async def test_a_connection_that_was_made_ahead_serves() -> None:
    streams = WorkerStreams()
    async with serving(late_close) as served:
        request = StreamRequest(url=served.url, body=b"{}", format=Format.LINES, reuse=False)
        took = await streams.prepare(served.url)
        async with streams.open(request) as stream:
            assert [chunk.data async for chunk in stream] == [b"1"]
            assert stream.connect_ns == took
        assert len(served.connections) == 1
    streams.close()
