"""Serving an ASGI application: its address, its limits, its shutdown within seconds."""

import errno
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import anyio.abc
from anyio.lowlevel import checkpoint

from benchrace.errors import BenchraceError, Category
from benchrace.tls.server import ServerContext
from benchrace.web.asgi.server import Server
from benchrace.web.asgi.streams import accept
from benchrace.web.asgi.types import App
from benchrace.web.connections import MAX_CONNECTIONS, Connections
from benchrace.web.shutdown import Shutdown

BACKLOG = 128
STALLED_MS = 30_000
SEND_BYTES = 1 << 18
# A peer that vanished without a word on a connection where nothing is sent.
_PROBE_AFTER_S, _PROBE_EVERY_S, _PROBES = 60, 10, 3
# Logs, journals, the index and workers' pipes need files beside the connections.
_OTHER_FILES = 224


@dataclass(frozen=True)
class Listener:
    """A bound socket; `port` is the real one where 0 was asked for, `tls` None for plain HTTP."""

    sock: socket.socket
    host: str
    port: int
    tls: ServerContext | None = None

    @property
    def scheme(self) -> str:
        """`https` with TLS, `http` without."""
        return "http" if self.tls is None else "https"

    @property
    def url(self) -> str:
        """An address that a browser on this machine can open."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return (
            f"{self.scheme}://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self.port}"
        )


def listen(host: str, port: int, tls: ServerContext | None = None) -> Listener:
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
    return Listener(sock, host, sock.getsockname()[1], tls)


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
    connections = Connections(is_agent, most=_most())
    server = Server(shutdown.around(app), shutdown, connections, listener.tls)
    async with anyio.create_task_group() as group:
        group.start_soon(accept, listener.sock, server.connected)
        task_status.started()
        try:
            await stop()
        finally:
            with anyio.CancelScope(shield=True):
                group.cancel_scope.cancel()
                await checkpoint()
                listener.sock.close()
                await server.end()


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
            message = f"this user may not listen on port {port} of {host}"
            remedy = "Choose port 1024 or above."
        case _:
            message = f"{host}:{port} cannot be bound: {error.strerror or error}"
            remedy = "Choose an address of this machine with `--host`."
    return BenchraceError(Category.SYSTEM, message, remedy)
