"""Ports of this machine: whether one is free, and which process has it."""

import errno
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import anyio
import psutil

from benchrace.plugin import BenchraceError, Context
from benchrace_llamacpp.errors import system
from benchrace_llamacpp.process import is_guarded

# A program of an earlier job is given this long to free its port.
_LEFT_S = 6.0
_POLL_S = 0.1
# Below what Linux (32768) and macOS (49152) take for ports that nobody has named.
_CHOSEN = range(20_000, 32_000)
_MAX_TRIES = 50


class Occupant(NamedTuple):
    """A process that listens; null where the system does not tell.

    `guarded` means that this plugin started it.
    """

    pid: int | None = None
    name: str | None = None
    guarded: bool = False

    def __str__(self) -> str:
        if self.pid is None:
            return "another process (the system does not tell which)"
        return f"process {self.pid} ({self.name or 'unknown'})"


async def until_free(host: str, port: int, key: str, context: Context) -> None:
    """Return once a port is free; raises, naming what listens there.

    `key` is the key of the table that sets the port. Only a program of an earlier job is waited
    for. Raises `OSError` where `host` is not an address of this machine.
    """
    began = context.clock.monotonic_ns()

    def look() -> Occupant | None:
        try:
            return occupant(host, port)
        except PermissionError as error:
            raise not_permitted(host, port, key) from error

    while (listener := await context.run_blocking(look)) is not None:
        waited_s = (context.clock.monotonic_ns() - began) / 1e9
        if not listener.guarded or waited_s > _LEFT_S:
            remedy = f"Stop that process, or set another `{key}` in the table `llamacpp` of "
            text = f"port {port} of {host} is in use by {listener}"
            raise system(text, f"{remedy}agent.yaml.")
        await anyio.sleep(_POLL_S)


def occupant(host: str, port: int) -> Occupant | None:
    """Return what listens on a port of `host`, None if it is free. Blocks.

    Raises `OSError` where `host` is not an address of this machine, and `PermissionError` for a
    port that only root may have.
    """
    try:
        with socket.create_server((host, port)):
            return None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    return _listening(port)


def not_permitted(host: str, port: int, key: str) -> BenchraceError:
    """Return the failure of a port that only root may have; `key` is the one that sets it."""
    text = f"this user may not listen on port {port} of {host}"
    return system(text, f"Set `{key}` in the table `llamacpp` of agent.yaml to 1024 or more.")


def free_port(host: str) -> int:
    """Return a port that is free now. Blocks; raises `OSError`.

    The system gives none of these to a connection, or to who asks for any port, before the program
    that it is for listens there.
    """
    for port in random.sample(_CHOSEN, _MAX_TRIES):
        try:
            with socket.create_server((host, port)):
                return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"{_MAX_TRIES} ports of {host} are in use")


def was_closed(pid: int, endpoint: str) -> bool:
    """Check whether the other end has closed a connection of process `pid` to it. Blocks."""
    host, _, port = endpoint.rpartition(":")
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.Error:
        return False
    for connection in connections:
        if connection.status != psutil.CONN_CLOSE_WAIT or not connection.raddr:
            continue
        if connection.raddr.port == int(port) and connection.raddr.ip in addresses_of(host):
            return True
    return False


def _listening(port: int) -> Occupant:
    for pid, connection in _connections():
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        if connection.laddr.port == port and pid is not None:
            return Occupant(pid, _name(pid), is_guarded(pid))
    return Occupant()


def _connections() -> Iterator[tuple[int | None, Any]]:
    """Yield the connections of all processes that may be read, with their processes."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        # On macOS this user's processes may be read one by one, all at once only by root.
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                yield from ((process.pid, one) for one in process.net_connections(kind="tcp"))
        return
    yield from ((one.pid, one) for one in connections)


def _name(pid: int) -> str | None:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None


def addresses_of(host: str) -> set[str]:
    """Return the addresses of a host, itself if the system knows none. Blocks."""
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return {host}
