"""Serving an ASGI application: its address, its limits, its end within seconds."""

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc
from hypercorn.asyncio.lifespan import Lifespan
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol import ws_stream
from hypercorn.utils import wrap_app

from benchrace.errors import BenchraceError, Category
from benchrace.web.asgi import App
from benchrace.web.shutdown import Shutdown

MAX_CONNECTIONS = 800
BACKLOG = 128
STALLED_MS = 30_000
_GRACE_S = 1.0
_CANCEL_S = 0.5

# A compressed message is inflated before its size is known: no extension is accepted.
setattr(ws_stream, "server_extensions_handshake", lambda *_: None)  # noqa: B010


@dataclass(frozen=True)
class Listener:
    """A bound socket; `port` is the real one where 0 was asked for."""

    sock: socket.socket
    host: str
    port: int

    @property
    def url(self) -> str:
        """Give an address that a browser on this machine can open."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self.port}"


def listen(host: str, port: int) -> Listener:
    """Bind; raises one line that says what is in the way."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        sock = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise BenchraceError(
            Category.SYSTEM, f"{host}:{port} is no address of this machine: {error}"
        ) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # The kernel then drops a peer that takes nothing, whatever waits for it up here.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise _unbound(host, port, error) from error
    return Listener(sock, host, sock.getsockname()[1])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach what is bound to `host`."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(each[4][0] == "::1" or str(each[4][0]).startswith("127.") for each in found)


async def stop_signal() -> signal.Signals:
    """Wait for SIGTERM or SIGINT; a second one then ends the process at once."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for each in signals:
            first = each
            break
        else:
            raise RuntimeError("the signals ended")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return first


async def serve(
    app: App,
    listener: Listener,
    shutdown: Shutdown,
    stop: Callable[[], Awaitable[object]],
    *,
    task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `stop` returns, and then end within about two seconds, whatever is open.

    A cancelled call ends as fast. The task has started once connections are answered.
    """
    server = _Server(shutdown.around(app), shutdown)
    async with anyio.create_task_group() as group:
        group.start_soon(server.lifespan.handle_lifespan)
        await server.lifespan.wait_for_startup()
        listening = await asyncio.start_server(
            server.connected, sock=listener.sock, backlog=BACKLOG
        )
        task_status.started()
        try:
            await stop()
        finally:
            with anyio.CancelScope(shield=True):
                listening.close()
                await server.end()
                await server.lifespan.wait_for_shutdown()
                group.cancel_scope.cancel()


class _Server:
    """Hypercorn's protocols over connections that this server can end itself.

    Hypercorn's own loop waits for each connection to close by itself, without a limit.
    """

    def __init__(self, app: App, shutdown: Shutdown) -> None:
        self._app = wrap_app(app, 0, "asgi")
        self._config = _config()
        self._context = WorkerContext(None)
        self._shutdown = shutdown
        self._open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._loop = asyncio.get_running_loop()
        self._state: dict[str, Any] = {}
        self.lifespan = Lifespan(self._app, self._config, self._loop, self._state)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= MAX_CONNECTIONS or self._context.terminated.is_set():
            writer.transport.abort()
            return
        self._open[task] = writer
        try:
            await TCPServer(
                self._app, self._loop, self._config, self._context, self._state, reader, writer
            )
        except* OSError:
            pass  # The peer has gone: there is nobody left to tell.
        except* asyncio.CancelledError:
            # The stream's own callback would report the cancel of `end` as an error.
            if not self._context.terminated.is_set():
                raise
        finally:
            self._open.pop(task, None)

    async def end(self) -> None:
        await self._shutdown.request()
        await self._context.terminated.set()
        await self._wait(_GRACE_S)
        self._shutdown.cancel()
        await self._wait(_CANCEL_S)
        for task, writer in tuple(self._open.items()):
            writer.transport.abort()
            task.cancel()
        await self._wait(_CANCEL_S)

    async def _wait(self, seconds: float) -> None:
        if self._open:
            await asyncio.wait(tuple(self._open), timeout=seconds)


def _config() -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("benchrace.web.server")
    config.include_server_header = False
    config.h11_max_incomplete_size = 16 * 1024
    config.websocket_max_message_size = (1 << 20) + (1 << 10)
    # Bounds slow headers too. `read_timeout` would end every live stream, whose reader is silent.
    config.keep_alive_timeout = 10
    config.max_app_queue_size = 10
    return config


def _unbound(host: str, port: int, error: OSError) -> BenchraceError:
    match error.errno:
        case errno.EADDRINUSE:
            message = f"port {port} of {host} is in use by another program"
            remedy = "Stop that program, or choose another port with `--port` (0: any free one)."
        case errno.EACCES:
            message = f"port {port} of {host} may not be used by this user"
            remedy = "Choose a port from 1024 on."
        case _:
            message = f"{host}:{port} cannot be bound: {error.strerror or error}"
            remedy = "Choose an address of this machine with `--host`."
    return BenchraceError(Category.SYSTEM, message, remedy)
