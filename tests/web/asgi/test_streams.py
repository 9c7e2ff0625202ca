"""Connections before they speak TLS: each costs little, and not for long."""

import logging
import ssl
from collections.abc import AsyncIterator

import anyio
import pytest
from anyio import to_thread

from benchrace.testing.limits import HANG_S
from benchrace.web.asgi import streams
from tests import local_http
from tests.tls.certificates import Certificates, Served, serving
from tests.tls.conftest import certificates

__all__ = ["certificates"]


@pytest.fixture
async def served(certificates: Certificates) -> AsyncIterator[Served]:
    async with serving(certificates.demanding) as server:
        yield server


@pytest.fixture
async def hasty(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates
) -> AsyncIterator[Served]:
    monkeypatch.setattr(streams, "HANDSHAKE_S", 0.2)
    async with serving(certificates.server) as server:
        yield server


async def test_plain_http_is_told_that_the_port_has_https(served: Served) -> None:
    async with local_http.async_client(f"http://127.0.0.1:{served.port}") as client:
        answer = await client.post("/api/runs", content=b"x" * 10_000)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("this server uses https")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n"])
async def test_a_handshake_that_does_not_come_about_is_closed(hasty: Served, sent: bytes) -> None:
    with anyio.fail_after(HANG_S):
        async with await anyio.connect_tcp("127.0.0.1", hasty.port) as slow:
            if sent:
                await slow.send(sent)
            received = b""
            try:
                while True:
                    received += await slow.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                pass
    assert received == b"" or received.startswith(b"HTTP/1.1 400 ")


async def test_slow_peers_keep_nobody_waiting(served: Served, certificates: Certificates) -> None:
    trust = certificates.trust(certificates.agent)
    context = await to_thread.run_sync(trust.context)
    slow = [await anyio.connect_tcp("127.0.0.1", served.port) for _ in range(20)]
    with anyio.fail_after(HANG_S):
        async with await anyio.connect_tcp(
            "127.0.0.1", served.port, ssl_context=context, tls_standard_compatible=False
        ) as fast:
            await fast.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await fast.receive()).startswith(b"HTTP/1.1 200 ")
    for stream in slow:
        await stream.aclose()


async def test_a_failed_handshake_is_in_the_log_once_for_each_address(
    served: Served, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    context = await to_thread.run_sync(certificates.trust().context)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises((ssl.SSLError, anyio.BrokenResourceError)):
                async with await anyio.connect_tcp(
                    "127.0.0.1", served.port, ssl_context=context
                ) as refused:
                    await refused.receive()
    assert caplog.text.count("the TLS handshake with 127.0.0.1 failed") == 1


async def test_tls_1_2_is_spoken_too(served: Served) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a certificate TLS 1.2 fails within the handshake, and says so there.
    with pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"):
        await anyio.connect_tcp("127.0.0.1", served.port, ssl_context=context)
