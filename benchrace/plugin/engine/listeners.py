"""What listens on a port of this machine."""

import ipaddress
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

_LISTENS = "0A"


class Listener(NamedTuple):
    """A listening socket: its address, and its process; None if that is another user's."""

    address: str
    pid: int | None


def listeners(port: int) -> list[Listener]:
    """Return the sockets that listen on a TCP port, as far as permissions allow.

    Blocks, for a few milliseconds on Linux. Raises nothing.
    """
    return _of_linux(port) if sys.platform == "linux" else _of_psutil(port)


def _of_linux(port: int) -> list[Listener]:
    """Look for the owners of these sockets alone: a busy machine has thousands of others."""
    sockets = dict(_sockets(port))
    owners = _owners(set(sockets))
    return [Listener(address, owners.get(inode)) for inode, address in sockets.items()]


def _sockets(port: int) -> Iterator[tuple[str, str]]:
    """Yield the inode and address of each."""
    suffix = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as lines:  # noqa: PTH123 - read line by line
                rows = [line.split() for line in lines if suffix in line]
        except OSError:
            continue  # This kernel has no IPv6.
        for row in rows:
            local, state, inode = row[1], row[3], row[9]
            if state == _LISTENS and local.endswith(suffix):
                yield inode, _address(local.removesuffix(suffix))


def _address(digits: str) -> str:
    """Return an address from words of 4 bytes in the order of this machine."""
    packed = bytes.fromhex(digits)
    if sys.byteorder == "little":
        words = [packed[i : i + 4][::-1] for i in range(0, len(packed), 4)]
        packed = b"".join(words)
    return str(ipaddress.ip_address(packed))


def _owners(inodes: set[str]) -> dict[str, int]:
    """Return a process that has each of these sockets: a service rather than what started it."""
    names = {f"socket:[{inode}]": inode for inode in inodes}
    owners: dict[str, int] = {}
    pids = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
    # What was started last has the highest number, unless the numbers began anew.
    for pid in sorted(pids, reverse=True):
        if not names:
            break
        for target in _open_files(pid):
            if (inode := names.pop(target, None)) is not None:
                owners[inode] = pid
    return owners


def _open_files(pid: int) -> Iterator[str]:
    try:
        files = [*os.scandir(f"/proc/{pid}/fd")]
    except OSError:
        return  # Of another user, or ended.
    for file in files:
        try:
            target = os.readlink(file.path)  # noqa: PTH115 - very many
        except OSError:
            continue  # It is closed, or its process is about to end.
        yield target


def _of_psutil(port: int) -> list[Listener]:
    # Processes that only describe plugins import this module but not psutil.
    import psutil

    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return []
    return [
        Listener(one.laddr.ip, one.pid)
        for one in connections
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
    ]
