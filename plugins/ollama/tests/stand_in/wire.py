"""HTTP as Go's server speaks it: one line, one chunk, and connections that are kept."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any, NamedTuple

import anyio

REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
REASONS |= {405: "Method Not Allowed", 500: "Internal Server Error", 503: "Service Unavailable"}
JSON = "application/json; charset=utf-8"
NDJSON = "application/x-ndjson"
# What goes wrong after a runner was given the prompt, and before its first line.
LATE = "application/json"


class Request(NamedTuple):
    """A request."""

    method: str
    path: str
    host: str
    body: bytes


def dumps(value: Any) -> bytes:
    """JSON as Go writes it: no blanks, and `<`, `>`, `&` escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


class Peer:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.close = False

    async def read_request(self) -> Request | None:
        """Read a request; None at the end of the connection."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *rest = head.split("\r\n")
            method, path, _ = first.split(" ")
            named = dict(line.lower().split(": ", 1) for line in rest if ": " in line)
            body = await self.reader.readexactly(int(named.get("content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            return None
        self.close = named.get("connection") == "close"
        return Request(method, path, named.get("host", ""), body)

    async def say(self, status: int, body: bytes, kind: str | None = JSON) -> None:
        """Answer at once."""
        head = [] if kind is None else [f"Content-Type: {kind}"]
        self._head(status, [*head, f"Content-Length: {len(body)}"])
        self.writer.write(body)
        await self.writer.drain()

    async def error(self, status: int, text: str, kind: str = JSON) -> None:
        """Answer with an error of Ollama's."""
        await self.say(status, dumps({"error": text}), kind)

    def begin(self) -> None:
        """Begin a stream."""
        self._head(200, [f"Content-Type: {NDJSON}", "Transfer-Encoding: chunked"])

    async def line(self, value: Any) -> None:
        """Write one line as one chunk."""
        await self.raw(dumps(value) + b"\n")

    async def raw(self, data: bytes) -> None:
        """Write one chunk, whatever it is."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def end(self) -> None:
        """End a stream cleanly."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def _head(self, status: int, headers: list[str]) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS[status]}", *headers]
        lines.append(f"Date: {formatdate(usegmt=True)}")
        if self.close:
            lines.append("Connection: close")
        self.writer.write("\r\n".join([*lines, "", ""]).encode())


async def serve(
    port: int, handle: Callable[[Peer, Request], Awaitable[None]]
) -> tuple[asyncio.Server, int]:
    """Listen on loopback; a client that leaves cancels what it has asked for."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        try:
            while (request := await peer.read_request()) is not None:
                if not await _together(handle(peer, request), peer) or peer.close:
                    return
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=1 << 24)
    return server, server.sockets[0].getsockname()[1]


async def _together(work: Awaitable[None], peer: Peer) -> bool:
    """Work until it is done or the client has gone; false if the client has."""
    done = False
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            await _gone(peer.reader)
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            await work
            done = True
        except ConnectionError:
            done = False
        group.cancel_scope.cancel()
    return done


async def _gone(reader: asyncio.StreamReader) -> None:
    """Return once the client has closed or reset, without taking a byte of what it sends."""
    while not (reader.at_eof() or reader.exception()):  # noqa: ASYNC110 - a reader tells its end by no event
        await asyncio.sleep(0.02)
