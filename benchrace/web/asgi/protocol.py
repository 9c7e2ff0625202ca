"""HTTP and WebSockets on one connection at a time, by Hypercorn; imported at the first one."""

import asyncio
import logging
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol import ws_stream
from hypercorn.utils import wrap_app

from benchrace.web.asgi.types import App

IDLE_S = 10.0

# A compressed message is inflated before its size is known: no extension is accepted.
setattr(ws_stream, "server_extensions_handshake", lambda *_: None)  # noqa: B010


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
        await TCPServer(self._app, loop, self._config, self._context, self._state, reader, writer)

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
