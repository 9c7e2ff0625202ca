"""HTTP and WebSockets on one connection at a time, by Hypercorn; imported at the first one."""

import asyncio
import logging
from typing import Any, cast

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Event
from hypercorn.protocol import ProtocolWrapper, ws_stream
from hypercorn.utils import wrap_app
from wsproto import frame_protocol

from benchrace.web.asgi.types import App

try:
    from websockets.speedups import apply_mask
except ImportError:  # A build without its C part.
    from websockets.utils import apply_mask

IDLE_S = 10.0

# A compressed message is inflated before its size is known: no extension is accepted.
setattr(ws_stream, "server_extensions_handshake", lambda *_: None)  # noqa: B010


class Masker:
    """Unmask a message of a WebSocket that comes in pieces.

    In place of wsproto's, which takes a third of a fast link's time in Python.
    """

    def __init__(self, key: bytes | bytearray) -> None:
        self._key = bytes(key)

    def process(self, data: bytes | bytearray) -> bytes:
        """Unmask the next piece."""
        plain = apply_mask(data, self._key)
        turn = len(data) % 4
        self._key = self._key[turn:] + self._key[:turn]
        return plain


setattr(frame_protocol, "XorMaskerSimple", Masker)  # noqa: B010


class _ClosedProtocol:
    """The protocol of a connection that has closed: it ignores what late writes report."""

    async def handle(self, event: Event) -> None:
        """Ignore an event."""


_CLOSED = _ClosedProtocol()


class Protocol:
    """Hypercorn's protocols with the limits of our servers."""

    def __init__(self, app: App) -> None:
        self._app = wrap_app(app, 0, "asgi")
        self._config = _config()
        self._context = WorkerContext(None)
        self._state: dict[str, Any] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it ends."""
        loop = asyncio.get_running_loop()
        server = TCPServer(
            self._app, loop, self._config, self._context, self._state, reader, writer
        )
        try:
            await server
        finally:
            # The two hold each other: a closed connection, with its buffers and the parser of its
            # requests, would stay until garbage is collected.
            server.protocol = cast(ProtocolWrapper, _CLOSED)

    async def terminate(self) -> None:
        """Close connections after their current request."""
        await self._context.terminated.set()


def _config() -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("benchrace.web.server")
    config.include_server_header = False
    config.h11_max_incomplete_size = 16 * 1024
    config.websocket_max_message_size = (1 << 20) + (1 << 10)
    # Bounds slow headers too. `read_timeout` would end every live stream, whose reader is silent.
    config.keep_alive_timeout = IDLE_S
    config.max_app_queue_size = 10
    return config
