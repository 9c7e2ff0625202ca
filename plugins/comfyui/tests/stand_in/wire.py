"""HTTP with the heads of aiohttp's server, and sockets by a protocol without input and output."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Upgrade
from websockets.server import ServerProtocol

REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
REASONS |= {405: "Method Not Allowed", 500: "Internal Server Error"}
JSON = "application/json; charset=utf-8"


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    head: bytes
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Peer:
    """One connection; a socket once it is upgraded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._socket: ServerProtocol | None = None

    async def read_request(self) -> Request | None:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ")
            headers = {
                name.lower(): value
                for line in rest
                if ": " in line
                for name, value in [line.split(": ", 1)]
            }
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            return None
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return Request(method, parts.path, query, headers, head, body)

    async def say(self, status: int, body: bytes = b"", kind: str | None = None) -> None:
        """Answer; what has no body has no type either."""
        lines = [f"HTTP/1.1 {status} {REASONS[status]}"]
        lines += [f"Content-Type: {kind}"] if kind else []
        lines += [f"Content-Length: {len(body)}", "Server: Python/3.11 aiohttp/3.14.5", "", ""]
        self._writer.write("\r\n".join(lines).encode() + body)
        await self._writer.drain()

    async def json(self, document: Any, status: int = 200) -> None:
        await self.say(status, json.dumps(document).encode(), JSON)

    async def trouble(self) -> None:
        """Answer as for a body that the server cannot read."""
        text = b"500 Internal Server Error\n\nServer got itself in trouble"
        await self.say(500, text, "text/plain; charset=utf-8")

    def upgrade(self, request: Request) -> None:
        """Become a socket."""
        protocol = ServerProtocol()
        protocol.receive_data(request.head)
        (opening,) = protocol.events_received()
        assert isinstance(opening, Upgrade)
        protocol.send_response(protocol.accept(opening))
        self._socket = protocol
        self._flush()

    def text(self, document: Any) -> None:
        if self._socket is not None:
            self._socket.send_text(json.dumps(document).encode())
            self._flush()

    def binary(self, data: bytes) -> None:
        if self._socket is not None:
            self._socket.send_binary(data)
            self._flush()

    async def sent(self) -> Any:
        """Yield what the client sends, until it is gone."""
        while self._socket is not None:
            try:
                data = await self._reader.read(65_536)
            except ConnectionError:
                return
            if not data:
                return
            self._socket.receive_data(data)
            for frame in self._socket.events_received():
                assert isinstance(frame, Frame)
                if frame.opcode is Opcode.CLOSE:
                    self._flush()
                    return
                if frame.opcode is Opcode.TEXT:
                    yield json.loads(bytes(frame.data))
            self._flush()

    def cut(self) -> None:
        """Close without a closing frame, as a dying process does."""
        self._socket = None
        self._writer.transport.abort()

    def _flush(self) -> None:
        if self._socket is not None:
            self._writer.write(b"".join(self._socket.data_to_send()))

    def close(self) -> None:
        self._socket = None
        self._writer.close()


async def serve(
    port: int, handle: Callable[[Peer, Request], Awaitable[None]]
) -> tuple[asyncio.Server, int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        try:
            while (request := await peer.read_request()) is not None:
                await handle(peer, request)
        except ConnectionError:
            return
        finally:
            peer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=1 << 24)
    return server, server.sockets[0].getsockname()[1]
