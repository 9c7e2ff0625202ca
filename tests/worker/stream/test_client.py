"""Streams over TLS and proxies: the same interface, stamps in user space."""

import ssl

import anyio
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.plugin import Format, StreamEnd, StreamLimits, StreamRequest, TimingSource
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, Script, serving
from benchrace.worker.control_client import ControlClient
from benchrace.worker.stream.factory import WorkerStreams

pytestmark = pytest.mark.anyio


def saying(*pieces: bytes, close: bool = False, stall: bool = False) -> Script:
    async def script(peer: Peer, _: Request) -> None:
        for piece in pieces:
            await peer.say(piece)
        if stall:
            await peer.gone()
        if close:
            await peer.close()

    return script


async def read(streams: WorkerStreams, request: StreamRequest) -> None:
    async with streams.open(request) as stream:
        async for _ in stream:
            continue


async def test_tls_gives_the_same_lines(streams: WorkerStreams, tls: ssl.SSLContext) -> None:
    text = "a\u2028b\x85c".encode()
    script = saying(CHUNKED, b"%x\r\n%s\n\r\n" % (len(text) + 1, text), b"3\r\n2\n3\r\n", LAST)
    async with serving(script, tls=tls) as served:
        request = StreamRequest(url=served.url, body=b"{}", headers=(("X-A", "b"),))
        assert await streams.prepare(served.url) == 0
        async with streams.open(request) as stream:
            assert (stream.status, stream.timing_source) == (200, TimingSource.USER)
            chunks = [chunk async for chunk in stream]
            assert [chunk.data for chunk in chunks] == [text, b"2", b"3"]
            assert stream.end is StreamEnd.COMPLETE
            assert 0 < stream.t_send_ns < chunks[0].t_ns
            assert stream.connect_ns > 0
            assert stream.lag.reads > 0
    assert b"Accept-Encoding: identity\r\n" in served.requests[0].head
    assert b"X-A: b\r\n" in served.requests[0].head
    assert served.requests[0].body == b"{}"


@pytest.mark.slow
async def test_a_certificate_that_nobody_here_trusts_is_said_and_what_to_do(
    streams: WorkerStreams, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(saying(), tls=tls) as served:
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(BenchraceError) as streamed:
            await read(streams, StreamRequest(url=served.url))
        client = ControlClient()
        with pytest.raises(BenchraceError) as caught:
            await client.get().get(served.url)
        await client.close()
    for raised in (streamed.value, caught.value):
        assert raised.category is Category.UNREACHABLE
        assert raised.message.startswith("localhost:")
        assert "its certificate is not trusted: " in raised.message
        assert "SSL_CERT_FILE" in raised.remedy


async def test_control_calls_trust_whom_streams_trust(tls: ssl.SSLContext) -> None:
    async with serving(saying(b"HTTP/1.1 204 No\r\n\r\n"), tls=tls) as served:
        client = ControlClient()
        assert (await client.get().get(served.url)).status_code == 204
        await client.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "category"),
    [
        (saying(CHUNKED, b"2\r\n1\n\r\n", close=True), Category.ENDED_EARLY),
        (saying(close=True), Category.ENDED_EARLY),
        (saying(b"SSH-2.0\r\n\r\n", close=True), Category.BAD_OUTPUT),
        (saying(stall=True), Category.TIMEOUT_FIRST),
        (saying(CHUNKED, stall=True), Category.TIMEOUT_FIRST),
        (saying(CHUNKED, b"2\r\n1\n\r\n", stall=True), Category.TIMEOUT_IDLE),
        (saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 2000, stall=True), Category.BAD_OUTPUT),
        (
            saying(b"HTTP/1.1 307 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
            Category.BAD_OUTPUT,
        ),
        (
            saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 0\r\n\r\n"),
            Category.BAD_OUTPUT,
        ),
    ],
)
async def test_faults_have_the_same_categories(
    streams: WorkerStreams, tls: ssl.SSLContext, script: Script, category: Category
) -> None:
    limits = StreamLimits(first_s=0.5, idle_s=0.2, line_bytes=1000)
    async with serving(script, tls=tls) as served:
        with pytest.raises(BenchraceError) as caught:
            await read(streams, StreamRequest(url=served.url, limits=limits))
    assert caught.value.category is category


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    streams: WorkerStreams, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with serving(saying(CHUNKED, LAST), tls=tls) as served:
        with pytest.raises(BenchraceError) as caught:
            async with streams.open(StreamRequest(url=served.url)):
                pass
    assert caught.value.category is Category.UNREACHABLE
    assert served.requests == []


async def test_a_proxy_is_used_when_asked_for(streams: WorkerStreams) -> None:
    script = saying(CHUNKED, b"9\r\ndata: 1\n\n\r\n", LAST)
    async with serving(script) as proxy:
        request = StreamRequest(
            url="http://engine.invalid/api", method="GET", format=Format.SSE, proxy=proxy.url
        )
        async with streams.open(request) as stream:
            assert [chunk.data async for chunk in stream] == [b"1"]
    assert proxy.requests[0].head.startswith(b"GET http://engine.invalid/api HTTP/1.1\r\n")


async def test_a_cancel_closes_at_once(streams: WorkerStreams, tls: ssl.SSLContext) -> None:
    gone = anyio.Event()

    async def script(peer: Peer, _: Request) -> None:
        await peer.say(CHUNKED)
        await peer.gone()
        gone.set()

    async with serving(script, tls=tls) as served:
        with anyio.move_on_after(0.3) as scope:
            async with streams.open(StreamRequest(url=served.url)) as stream:
                await anext(stream)
        assert scope.cancelled_caught
        assert stream.end is StreamEnd.CANCELLED
        with anyio.fail_after(HANG_S):
            await gone.wait()


async def test_an_error_s_body_is_text(streams: WorkerStreams, tls: ssl.SSLContext) -> None:
    answer = b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"
    async with (
        serving(saying(answer), tls=tls) as served,
        streams.open(StreamRequest(url=served.url, format=Format.SSE)) as stream,
    ):
        assert (stream.status, await stream.text()) == (404, "no")
