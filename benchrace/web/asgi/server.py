"""The connections of a server: opened, counted, answered by Hypercorn, and ended in time."""

import asyncio
import logging
import socket
import ssl
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from benchrace.tls.identity import PeerCertificate
from benchrace.tls.server import ServerContext
from benchrace.web.asgi.framework import imported_alone
from benchrace.web.asgi.streams import open_streams
from benchrace.web.asgi.types import CERTIFICATE, App, Receive, Scope, Send
from benchrace.web.connections import Connection, Connections
from benchrace.web.shutdown import Shutdown

if TYPE_CHECKING:
    from benchrace.web.asgi.protocol import Protocol

log = logging.getLogger(__name__)

GRACE_S = 1.0
CANCEL_S = 0.5


class Peer:
    """One connection, from its acceptance on."""

    def __init__(self) -> None:
        # The end of the server, and not that of the task that accepts, is its end.
        self.scope = anyio.CancelScope(shield=True)
        self.writer: asyncio.StreamWriter | None = None
        self.certificate: PeerCertificate | None = None

    def close(self) -> None:
        """Close it at once; its task then ends by itself."""
        if self.writer is None:
            self.scope.cancel()
        else:
            self.writer.transport.abort()

    def end(self) -> None:
        """Close it and cancel what still answers it."""
        self.close()
        self.scope.cancel()


class Server:
    """Hypercorn's protocols over connections that this server can end itself.

    Hypercorn's own loop waits for each connection to close by itself, without a limit.
    """

    def __init__(
        self,
        app: App,
        shutdown: Shutdown,
        connections: Connections,
        tls: ServerContext | None,
    ) -> None:
        self._app = self._noting(app)
        self._protocol: Protocol | None = None
        self._importing = anyio.Lock()
        self._connections = connections
        self._tls = tls
        self._by_client: dict[tuple[str, int], tuple[Peer, Connection]] = {}
        self._shutdown = shutdown
        self._open: set[Peer] = set()
        self._closed = anyio.Event()

    async def connected(self, accepted: socket.socket) -> None:
        """Serve one connection to its end; no failure of one concerns another."""
        client = _client(accepted)
        peer = Peer()
        connection = client and self._connections.admit(client[0], peer.close)
        if client is None or not connection:
            accepted.close()
            return
        self._open.add(peer)
        self._by_client[client] = peer, connection
        try:
            with peer.scope:
                await self._serve(peer, accepted, client[0])
        except* OSError:
            pass  # The peer has gone.
        except* Exception:
            log.exception("a connection failed")
        finally:
            if peer.writer is None:
                accepted.close()
            self._open.discard(peer)
            # Its address may belong to a newer connection by now, whose certificate is another.
            if self._by_client.get(client) == (peer, connection):
                del self._by_client[client]
            self._connections.leave(connection)
            self._closed.set()

    async def _serve(self, peer: Peer, accepted: socket.socket, address: str) -> None:
        protocol = await self._imported()
        try:
            streams = await open_streams(accepted, self._tls.current if self._tls else None)
        except ssl.SSLError as error:
            words = (error.reason or str(error)).lower().replace("_", " ")
            self._connections.warn(address, f"the TLS handshake with {address} failed: {words}")
            return
        if streams is None:
            return
        peer.writer = streams.writer
        if self._tls is not None:
            peer.certificate = streams.writer.get_extra_info("peercert") or None
        try:
            await protocol.serve(streams.reader, streams.writer)
        finally:
            if peer.scope.cancel_called:
                streams.writer.transport.abort()

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
            entry = self._by_client.get(tuple(scope.get("client") or ()))
            if entry is None:
                # The one of its certificate is not known, so it has none that fits a machine.
                scope[CERTIFICATE] = {} if self._tls is not None else None
                await app(scope, receive, send)
                return
            peer, connection = entry
            scope[CERTIFICATE] = peer.certificate
            self._connections.begin(connection)
            try:
                await app(scope, receive, send)
            finally:
                self._connections.end(connection)

        return noting

    async def end(self) -> None:
        """End every connection: first asked, then cancelled, then aborted."""
        await self._shutdown.request()
        if self._protocol is not None:
            await self._protocol.terminate()
        await self._wait(GRACE_S)
        self._shutdown.cancel()
        await self._wait(CANCEL_S)
        for peer in tuple(self._open):
            peer.end()
        await self._wait(CANCEL_S)

    async def _wait(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            while self._open:
                self._closed = anyio.Event()
                await self._closed.wait()


def _client(accepted: socket.socket) -> tuple[str, int] | None:
    """Return the peer as requests name it; None for one that has gone already."""
    try:
        peer = accepted.getpeername()
    except OSError:
        return None
    return str(peer[0]), int(peer[1])
