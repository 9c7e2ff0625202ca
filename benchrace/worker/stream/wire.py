"""A network backend for the Python client that stamps bytes below TLS."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from benchrace.core import monotonic_ns


class Wire:
    """When what passed; times are monotonic nanoseconds. One request uses one."""

    def __init__(self) -> None:
        self.connecting_ns = 0
        self.connected_ns = 0
        self.sent_ns: int | None = None
        self.heard_ns = 0
        self.reads = 0
        self.bytes = 0
        self._next_is_first = False

    async def trace(self, name: str, _: dict[str, Any]) -> None:
        """Follow the client's steps. With a proxy the last request is the one that counts."""
        if name.endswith("send_request_headers.started"):
            self._next_is_first = True

    def writes(self) -> None:
        """Record that bytes are about to be sent."""
        if self._next_is_first:
            self._next_is_first = False
            self.sent_ns = monotonic_ns()

    def received(self, size: int) -> None:
        """Record that bytes have just been read."""
        self.heard_ns = monotonic_ns()
        self.reads += 1
        self.bytes += size


class StampingBackend(httpcore.AsyncNetworkBackend):
    """Connects as the client's own backend does."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the client's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self._wire.connecting_ns = monotonic_ns()
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        self._wire.connected_ns = monotonic_ns()
        return _StampingStream(stream, self._wire)

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class _StampingStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data = await self._stream.read(max_bytes, timeout)
        self._wire.received(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._wire.writes()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the client's interface
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        self._wire.connected_ns = monotonic_ns()
        return _StampingStream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
