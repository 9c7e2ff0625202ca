"""Where other machines reach what listens here: a wildcard address is none that they can use."""

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

_IPV4_ONLY, _ALL = "0.0.0.0", "::"
# An address for documentation: asking which way leads there sends nothing.
_ELSEWHERE = ("192.0.2.1", 9)


def reached_at(url: str, host: str, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the addresses of what serves at `url` and was bound to `host`, the best one first.

    `names` are host names that it answers to. Without a network it is `url` alone.
    """
    if host not in (_IPV4_ONLY, _ALL):
        return (url,)
    port = urlsplit(url).port
    found = dict.fromkeys([*names, *_outward(), *_addresses(host)])
    return tuple(f"http://{each}:{port}" for each in found) or (url,)


def _outward() -> Iterator[str]:
    """Give this machine's address on the way to others."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(_ELSEWHERE)
            found = str(sock.getsockname()[0])
    except OSError:
        return
    if _is_usable(found):
        yield found


def _addresses(host: str) -> Iterator[str]:
    import psutil

    up = {name for name, each in psutil.net_if_stats().items() if each.isup}
    listed = [each for name, all_ in psutil.net_if_addrs().items() if name in up for each in all_]
    yield from (
        each.address
        for each in listed
        if each.family == socket.AF_INET and _is_usable(each.address)
    )
    if host == _ALL:
        yield from (
            f"[{each.address}]"
            for each in listed
            if each.family == socket.AF_INET6 and _is_usable(each.address)
        )


def _is_usable(text: str) -> bool:
    found = ipaddress.ip_address(text.partition("%")[0])
    return not (found.is_loopback or found.is_link_local or found.is_unspecified)
