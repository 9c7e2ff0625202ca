"""A server that sends exactly the bytes that a test scripts, on a real port of this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import NamedTuple

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


class Request(NamedTuple):
    """A request as raw bytes."""

    head: bytes
    body: bytes


Script = Callable[["Peer", Request], Awaitable[None]]


class Peer:
    """The server's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read_request(self) -> Request | None:
        """Read one request; None if the connection ended instead."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line[15:])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                ),
                0,
            )
            return Request(head, await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def say(self, data: bytes) -> None:
        """Write raw data at once; raises ConnectionResetError once the connection is closed."""
        if self._writer.is_closing():
            # With TLS, asyncio of Python 3.11 raises an AttributeError instead.
            raise ConnectionResetError
        self._writer.write(data)
        await self._writer.drain()

    async def chunk(self, data: bytes) -> None:
        """Write `data` as one chunk of a chunked body."""
        await self.say(b"%x\r\n%s\r\n" % (len(data), data))

    async def gone(self) -> None:
        """Wait until the other side has closed."""
        try:
            while await self._reader.read(65_536):
                continue
        except ConnectionError:
            return

    def reset(self) -> None:
        """Reset the connection, as a dying process may."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection in order."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return


class RunningServer(NamedTuple):
    """A running server."""

    port: int
    url: str
    connections: list[Peer]
    requests: list[Request]


@asynccontextmanager
async def serving(script: Script, *, tls: SSLContext | None = None) -> AsyncIterator[RunningServer]:
    """Answer each request with `script(peer, request)`, on a free port; connections are kept."""
    connections: list[Peer] = []
    requests: list[Request] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        connections.append(peer)
        try:
            while (request := await peer.read_request()) is not None:
                requests.append(request)
                await script(peer, request)
        except ConnectionError:
            return
        finally:
            await peer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    scheme = "http" if tls is None else "https"
    try:
        yield RunningServer(port, f"{scheme}://localhost:{port}/", connections, requests)
    finally:
        server.close()
        for peer in connections:
            peer.reset()
        for peer in connections:
            # Their sockets close in the loop's next round, which a loop that ends has no more.
            await peer.close()
        await server.wait_closed()
