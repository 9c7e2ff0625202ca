"""Serving an ASGI application: its address, its limits, its shutdown within seconds."""

import asyncio
import errno
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
from anyio import to_thread

from benchrace.errors import BenchraceError, Category
from benchrace.web.asgi.framework import imported_alone
from benchrace.web.asgi.types import App, Receive, Scope, Send
from benchrace.web.connections import MAX_CONNECTIONS, Connection, Connections
from benchrace.web.shutdown import Shutdown

if TYPE_CHECKING:
    from benchrace.web.asgi.protocol import Protocol

BACKLOG = 128
STALLED_MS = 30_000
SEND_BYTES = 1 << 18
# A peer that vanished without a word on a connection where nothing is sent.
_PROBE_AFTER_S, _PROBE_EVERY_S, _PROBES = 60, 10, 3
# Logs, journals, the index and workers' pipes need files beside the connections.
_OTHER_FILES = 224
_GRACE_S = 1.0
_CANCEL_S = 0.5


@dataclass(frozen=True)
class Listener:
    """A bound socket; `port` is the real one where 0 was asked for."""

    sock: socket.socket
    host: str
    port: int

    @property
    def url(self) -> str:
        """An address that a browser on this machine can open."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self.port}"


def listen(host: str, port: int) -> Listener:
    """Bind; raises one line that says what is in the way."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = addresses[0]
        sock = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise BenchraceError(
            Category.SYSTEM, f"invalid listen address {host}:{port}: {error}"
        ) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # The kernel then drops a peer that takes nothing, whatever waits for it up here.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
        # Left to itself the kernel takes megabytes for a peer that reads nothing.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        _probe_silent(sock)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise _unbound(host, port, error) from error
    return Listener(sock, host, sock.getsockname()[1])


def is_loopback(host: str) -> bool:
    """Check whether only this machine can reach what is bound to `host`."""
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(
        address[4][0] == "::1" or str(address[4][0]).startswith("127.") for address in addresses
    )


async def stop_signal() -> signal.Signals:
    """Wait for SIGTERM or SIGINT; a second one then ends the process at once."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            first = number
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
    is_agent: Callable[[str], bool] = lambda _: False,
    task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `stop` returns, and then end within about two seconds, whatever is open.

    A cancelled call ends as fast. The task has started once connections are answered.
    `is_agent` selects the addresses for which a reserve of connections is kept.
    """
    server = _Server(shutdown.around(app), shutdown, Connections(is_agent, most=_most()))
    async with anyio.create_task_group() as group:
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
                group.cancel_scope.cancel()


class _Server:
    """Hypercorn's protocols over connections that this server can end itself.

    Hypercorn's own loop waits for each connection to close by itself, without a limit.
    """

    def __init__(self, app: App, shutdown: Shutdown, connections: Connections) -> None:
        self._app = self._noting(app)
        self._protocol: Protocol | None = None
        self._importing = anyio.Lock()
        self._connections = connections
        self._by_client: dict[tuple[str, int], Connection] = {}
        self._ended = False
        self._shutdown = shutdown
        self._open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        client = _client(writer)
        if task is None or client is None or self._ended:
            writer.transport.abort()
            return
        connection = self._connections.admit(client[0], writer.transport.abort)
        if connection is None:
            writer.transport.abort()
            return
        self._open[task] = writer
        self._by_client[client] = connection
        try:
            await (await self._imported()).serve(reader, writer)
        except* OSError:
            pass  # The peer has gone.
        except* asyncio.CancelledError:
            # The stream's own callback would report the cancel of `end` as an error.
            if not self._ended:
                raise
        finally:
            self._open.pop(task, None)
            self._by_client.pop(client, None)
            self._connections.leave(connection)

    async def _imported(self) -> "Protocol":
        """Import Hypercorn at the first connection: an agent of a command never has one."""
        async with self._importing:
            if self._protocol is None:
                load = partial(import_module, "benchrace.web.asgi.protocol")
                module = await to_thread.run_sync(imported_alone, load)
                self._protocol = module.Protocol(self._app)
            protocol: Protocol = self._protocol
            return protocol

    def _noting(self, app: App) -> App:
        """Return `app`, with each connection counted as in use while it is answered."""

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            connection = self._by_client.get(tuple(scope.get("client") or ()))
            if connection is None:
                await app(scope, receive, send)
                return
            self._connections.begin(connection)
            try:
                await app(scope, receive, send)
            finally:
                self._connections.end(connection)

        return noting

    async def end(self) -> None:
        await self._shutdown.request()
        self._ended = True
        if self._protocol is not None:
            await self._protocol.terminate()
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


def _client(writer: asyncio.StreamWriter) -> tuple[str, int] | None:
    """Return the peer as requests name it; None for one that has gone already."""
    peer = writer.get_extra_info("peername")
    return (str(peer[0]), int(peer[1])) if peer else None


def _most() -> int:
    """Return how many connections the files that this process may open leave room for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(32, soft - _OTHER_FILES))


def _probe_silent(sock: socket.socket) -> None:
    """Enable the kernel's keep-alive probes of silent peers."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _PROBE_AFTER_S),
        ("TCP_KEEPINTVL", _PROBE_EVERY_S),
        ("TCP_KEEPCNT", _PROBES),
    ):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _unbound(host: str, port: int, error: OSError) -> BenchraceError:
    match error.errno:
        case errno.EADDRINUSE:
            message = f"port {port} of {host} is in use by another program"
            remedy = "Stop that program, or choose another port with `--port` (0: any free one)."
        case errno.EACCES:
            message = f"port {port} of {host} may not be used by this user"
            remedy = "Choose port 1024 or above."
        case _:
            message = f"{host}:{port} cannot be bound: {error.strerror or error}"
            remedy = "Choose an address of this machine with `--host`."
    return BenchraceError(Category.SYSTEM, message, remedy)
