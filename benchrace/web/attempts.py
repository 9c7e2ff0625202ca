"""Wrong tokens, counted by the address they come from, so that nobody can try many."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_ADDRESSES = 4096


class Attempts:
    """Lets an address be wrong `most` times in any `window_s` seconds; the addresses are bounded.

    Check, compare and count without awaiting in between: what comes at once is counted then too.
    """

    def __init__(
        self, most: int, window_s: float, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._window_s = window_s
        self._now_s = now_s
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Give how long this address must wait before it may try; 0 where it may now."""
        recent = self._recent(_group(address))
        if len(recent) < self._most:
            return 0.0
        return max(0.0, recent[-self._most] + self._window_s - self._now_s())

    def wrong(self, address: str) -> None:
        """Count a wrong token."""
        group = _group(address)
        self._wrong[group] = [*self._recent(group), self._now_s()][-self._most :]
        self._wrong.move_to_end(group)
        if len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget what was wrong before."""
        self._wrong.pop(_group(address), None)

    def _recent(self, group: str) -> list[float]:
        since = self._now_s() - self._window_s
        return [each for each in self._wrong.get(group, ()) if each > since]


def _group(address: str) -> str:
    """Count an IPv6 network as one: whoever has one address of it has all of them."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
