"""Read rpc-server's log: its protocol, its cache and its devices."""

import re

import msgspec

from benchrace.plugin import LentDevice

_MIB = 1 << 20
_PROTOCOL = re.compile(r"Starting RPC server v(\S+)")
_CACHE = re.compile(r"local cache\s*: (.+)")
_DEVICE = re.compile(r"^  (?P<name>\S+): .*\((?P<total>\d+) MiB, (?P<free>\d+) MiB free\)")


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """What rpc-server prints when it starts; `cache` is null where it has none."""

    protocol: str | None = None
    cache: str | None = None
    devices: tuple[LentDevice, ...] = ()


def read_banner(text: str) -> Banner:
    """Return what the log says; it is complete once a client was accepted."""
    protocol, cache = _PROTOCOL.search(text), _CACHE.search(text)
    devices: dict[str, LentDevice] = {}
    for line in text.splitlines():
        if (match := _DEVICE.match(line)) is not None:
            total, free = int(match["total"]) * _MIB, int(match["free"]) * _MIB
            device = LentDevice(name=match["name"], total_bytes=total, free_bytes=free)
            devices.setdefault(match["name"], device)
    shown = None if cache is None else cache[1].strip()
    return Banner(
        protocol=None if protocol is None else protocol[1],
        cache=None if shown in (None, "n/a") else shown,
        devices=tuple(devices.values()),
    )
