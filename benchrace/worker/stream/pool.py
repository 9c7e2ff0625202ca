"""Open connections: prepared ahead of a request, or kept from the one before."""

import asyncio
import ipaddress
import socket
from contextlib import suppress
from typing import NamedTuple

import anyio

from benchrace.core import Connection, StreamFault, monotonic_ns
from benchrace.errors import BenchraceError
from benchrace.worker.stream.faults import failure
from benchrace.worker.stream.request import Target

# Engines close idle connections, some after 5 s: a younger one is still there when it is used.
_FRESH_NS = 2_000_000_000
# A wake-up costs far more than a line: lines wait this long for each other, stamps do not.
_BATCH_NS = 20_000_000


class Ready(NamedTuple):
    """A connection that stands, and what connecting took; 0 where it was kept."""

    connection: Connection
    connect_ns: int


class _IdleConnection(NamedTuple):
    ready: Ready
    since_ns: int


class Pool:
    """Keeps idle connections by host and port, each for two seconds."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[_IdleConnection]] = {}

    async def prepare(self, to: Target, limit_s: float) -> int:
        """Connect now, for the next request; gives the nanoseconds that it took."""
        ready = await _connect(to, limit_s)
        self._keep(to, ready)
        return ready.connect_ns

    async def take(self, to: Target, limit_s: float, *, reuse: bool = True) -> Ready:
        """Return an open connection: an idle one, else a new one. Raises as `prepare` does.

        Without `reuse` what an earlier request has used is closed instead.
        """
        connections = self._idle.get((to.host, to.port), [])
        while connections:
            connection = connections.pop()
            fresh = monotonic_ns() - connection.since_ns < _FRESH_NS
            fresh &= reuse or connection.ready.connect_ns > 0
            if fresh and connection.ready.connection.is_ready():
                return connection.ready
            connection.ready.connection.close()
        return await _connect(to, limit_s)

    def give_back(self, to: Target, connection: Connection) -> None:
        """Keep a connection that can serve another request."""
        self._keep(to, Ready(connection, 0))

    def close(self) -> None:
        """Close all."""
        for connections in self._idle.values():
            for connection in connections:
                connection.ready.connection.close()
        self._idle.clear()

    def _keep(self, to: Target, ready: Ready) -> None:
        self._idle.setdefault((to.host, to.port), []).append(_IdleConnection(ready, monotonic_ns()))


async def _connect(to: Target, limit_s: float) -> Ready:
    late = failure("timeout_connect", f"no connection within {limit_s:g} s", to.authority)
    with anyio.move_on_after(limit_s):
        addresses = await _addresses(to)
        connection = Connection(addresses, int(limit_s * 1e9), _BATCH_NS)
        try:
            return Ready(connection, await _connected(connection, to))
        except BaseException:
            connection.close()
            raise
    raise late


async def _connected(connection: Connection, to: Target) -> int:
    loop, news = asyncio.get_running_loop(), asyncio.Event()

    def check_running() -> None:
        connection.take()
        news.set()

    loop.add_reader(connection, check_running)
    try:
        while True:
            news.clear()
            try:
                took = connection.connected()
            except StreamFault as fault:
                kind, message = fault.args
                raise failure(kind, message, to.authority) from None
            if took is not None:
                return took
            await news.wait()
    finally:
        loop.remove_reader(connection)


async def _addresses(to: Target) -> list[tuple[str, int]]:
    with suppress(ValueError):
        # An interface's name needs the system's help to become a number.
        if "%" not in to.host:
            return [(str(ipaddress.ip_address(to.host)), to.port)]
    try:
        infos = await anyio.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _unknown(to, error) from error
    return [(str(address[4][0]), to.port) for address in infos]


def _unknown(to: Target, error: OSError) -> BenchraceError:
    return failure("unreachable", f"the host name cannot be resolved: {error}", to.authority)
