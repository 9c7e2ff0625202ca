"""Bytes over the network to workers, by the counters of the interface that leads to them.

Counters are of a whole interface: other traffic on it counts too, so the figure is an upper bound.
"""

import socket
import sys
from typing import NamedTuple, Self

import psutil

_LOOPBACK = ("lo", "lo0")
# Of macOS's counters.
_WRAP = 4 << 30


class Traffic(NamedTuple):
    """Counters of interfaces at one moment; `unknown` is why there are none."""

    counters: dict[str, int]
    unknown: str | None = None

    @classmethod
    def begin(cls, endpoints: tuple[str, ...]) -> Self:
        """Read the counters of the interfaces that lead to `endpoints`. Blocks."""
        if not endpoints:
            return cls({}, "the lane is on one machine")
        names = set()
        for endpoint in endpoints:
            interface = _interface(endpoint)
            if interface is None:
                return cls({}, f"the interface that leads to {endpoint} is unknown")
            names.add(interface)
        return cls(*_read(names))

    def total(self, expected: int = 0) -> tuple[int | None, str | None]:
        """Return the bytes since then, both ways, or the reason why they are unknown. Blocks.

        `expected` is about how many there are.
        """
        if self.unknown is not None:
            return None, self.unknown
        if sys.platform == "darwin" and expected >= _WRAP:
            return None, "macOS counts the bytes of an interface modulo 4 GiB, and it may be more"
        now, unknown = _read(set(self.counters))
        if unknown is not None:
            return None, unknown
        parts = [now[name] - before for name, before in self.counters.items()]
        if any(part < 0 for part in parts):
            return None, "a counter of the network was reset or began again"
        return sum(parts), None


def _interface(endpoint: str) -> str | None:
    """Return the interface whose address the system uses to reach an endpoint."""
    host, _, port = endpoint.rpartition(":")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Connecting a datagram socket chooses the route and sends nothing.
            probe.connect((host, int(port)))
            own, peer = probe.getsockname()[0], probe.getpeername()[0]
    except OSError:
        return None
    for name, addresses in psutil.net_if_addrs().items():
        # What goes to an address of this machine never leaves it.
        if name in _LOOPBACK if own == peer else any(one.address == own for one in addresses):
            return name
    return None


def _read(names: set[str]) -> tuple[dict[str, int], str | None]:
    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    missing = sorted(names - counters.keys())
    if missing:
        return {}, f"the system does not count the bytes of {missing[0]}"
    # What the loopback sends it receives as well: both would count twice.
    return {
        name: counters[name].bytes_sent + (0 if name in _LOOPBACK else counters[name].bytes_recv)
        for name in names
    }, None
