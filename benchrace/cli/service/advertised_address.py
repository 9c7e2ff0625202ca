"""Addresses that other machines can use, in place of a wildcard address."""

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

_IPV4_ONLY, _ALL = "0.0.0.0", "::"
# A documentation address: looking up its route sends nothing.
_ELSEWHERE = ("192.0.2.1", 9)


def advertised_urls(url: str, host: str, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the URLs of what serves at `url` and was bound to `host`, the best one first.

    `names` are host names that it answers to. Without a network it is `url` alone.
    """
    if host not in (_IPV4_ONLY, _ALL):
        return (url,)
    scheme, port = urlsplit(url).scheme, urlsplit(url).port
    hosts = dict.fromkeys([*names, *_outward(), *addresses(host)])
    return tuple(f"{scheme}://{host_name}:{port}" for host_name in hosts) or (url,)


def _outward() -> Iterator[str]:
    """Yield this machine's address on the default route."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(_ELSEWHERE)
            address = str(sock.getsockname()[0])
    except OSError:
        return
    if _is_usable(address):
        yield address


def addresses(host: str) -> Iterator[str]:
    """Yield this machine's addresses that others may reach; IPv6 ones only for the host `::`."""
    import psutil

    up = {name for name, entry in psutil.net_if_stats().items() if entry.isup}
    listed = [entry for name, all_ in psutil.net_if_addrs().items() if name in up for entry in all_]
    yield from (
        entry.address
        for entry in listed
        if entry.family == socket.AF_INET and _is_usable(entry.address)
    )
    if host == _ALL:
        yield from (
            f"[{entry.address}]"
            for entry in listed
            if entry.family == socket.AF_INET6 and _is_usable(entry.address)
        )


def _is_usable(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
