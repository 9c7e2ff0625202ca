"""Accepting connections, and opening each as a stream, with TLS where the server has it."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import anyio

from benchrace.errors import Category, Failure
from benchrace.tls.alerts import alerts
from benchrace.web.problem import body_of

log = logging.getLogger(__name__)

# For the TLS handshake, and for the first byte before it.
HANDSHAKE_S = 10.0
_LINGER_S = 1.0
# What the kernel lacks now, it may have after connections have closed.
_RETRY_S = 1.0
_TLS_HANDSHAKE = b"\x16"
_READ_BYTES = 1 << 14
_WRITE_BYTES = 1 << 16
_PLAIN = Failure(
    category=Category.VALIDATION,
    message="this server uses https, and the request was sent as http",
    remedy="Use https:// in its address.",
)


class Streams(NamedTuple):
    """Both directions of an open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def accept(
    listening: socket.socket, serve: Callable[[socket.socket], Coroutine[Any, Any, None]]
) -> None:
    """Accept connections until cancelled; `serve` runs for each, and closes it.

    A connection is not cancelled with this call: who accepts ends them all.
    """
    loop = asyncio.get_running_loop()
    async with anyio.create_task_group() as tasks:
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except ConnectionError:
                continue  # The peer has gone already.
            except OSError as error:
                log.warning("no connection can be accepted: %s", error.strerror or error)
                await anyio.sleep(_RETRY_S)
                continue
            tasks.start_soon(serve, accepted)


async def open_streams(accepted: socket.socket, tls: ssl.SSLContext | None) -> Streams | None:
    """Return the streams of a connection, after its handshake where it has TLS.

    Without TLS where a server has it, the peer is told, the connection closed, and None returned.
    Raises OSError (TimeoutError, ssl.SSLError) where no handshake comes about; it is closed then.
    """
    try:
        if tls is not None and not await _begins_tls(accepted):
            await _answer_plain(accepted)
            accepted.close()
            return None
    except BaseException:
        accepted.close()
        raise
    return await _connect(accepted) if tls is None else await _handshake(accepted, tls)


async def _handshake(accepted: socket.socket, tls: ssl.SSLContext) -> Streams:
    # asyncio closes a socket after a failed handshake, and sends no alert on it.
    with accepted.dup() as duplicate, alerts() as alert:
        try:
            streams = await _connect(accepted, ssl=tls, ssl_handshake_timeout=HANDSHAKE_S)
        except ssl.SSLError:
            with anyio.move_on_after(_LINGER_S):
                await _send_last(duplicate, alert)
            raise
    # Above a socket, TLS would hold back 512 KiB for each reader that is slow.
    streams.writer.transport.set_write_buffer_limits(_WRITE_BYTES)
    return streams


async def _connect(accepted: socket.socket, **tls: Any) -> Streams:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted, **tls)
    return Streams(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


async def _begins_tls(accepted: socket.socket) -> bool:
    """Look at the first byte, and leave it there; raises TimeoutError."""
    with anyio.fail_after(HANDSHAKE_S):
        await anyio.wait_readable(accepted)
    first = accepted.recv(1, socket.MSG_PEEK)
    if not first:
        raise ConnectionResetError("closed before the handshake")
    return first == _TLS_HANDSHAKE


async def _answer_plain(accepted: socket.socket) -> None:
    """Answer a request that came without TLS."""
    loop = asyncio.get_running_loop()
    await loop.sock_recv(accepted, _READ_BYTES)
    body = body_of(_PLAIN)
    head = (
        "HTTP/1.1 400 Bad Request\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    with anyio.move_on_after(_LINGER_S):
        await _send_last(accepted, head.encode() + body)


async def _send_last(accepted: socket.socket, data: bytes | bytearray) -> None:
    """Send, and wait for the peer's end: what is unread at a close takes the answer with it."""
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(accepted, data)
        accepted.shutdown(socket.SHUT_WR)
        while await loop.sock_recv(accepted, _READ_BYTES):
            continue
    except OSError:
        return  # The peer has gone.
