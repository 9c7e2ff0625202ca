"""Find out whether an engine runs on this machine, so that a result names the right machine."""

import ipaddress
import socket
import sys
from urllib.parse import unquote, urlsplit

import msgspec

from benchrace.plugin.context import Context
from benchrace.plugin.engine.listeners import listeners

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Programs that forward connections to other places, which cannot be known from here.
_FORWARDERS = (
    "ssh",
    "sshd",
    "autossh",
    "docker-proxy",
    "rootlessport",
    "kubectl",
    "socat",
    "cloudflared",
    "ngrok",
    "frpc",
    "nginx",
    "haproxy",
    "caddy",
    "traefik",
)


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where an engine runs: `elsewhere` is null if it is proved to be here, else the reason.

    `proof` says how strong the proof is: `process NAME`, `listening socket` or `address`.
    """

    elsewhere: str | None = None
    proof: str = "none"


async def whereabouts(url: str, context: Context) -> Whereabouts:
    """Find out whether the server at `url` is a process of this machine; raises nothing.

    Listening sockets are checked only on Linux, elsewhere only the address.
    """
    return await context.run_blocking(lambda: find(url))


async def endpoint(url: str, context: Context) -> str:
    """Return host and port of a URL, equal for all names of this machine."""
    return await context.run_blocking(lambda: _endpoint(url))


def _endpoint(url: str) -> str:
    name, port = _host(url)
    try:
        here = _here(_addresses(name, port))
    except OSError:
        here = set()
    return f"localhost:{port}" if here else f"{name}:{port}"


def find(url: str) -> Whereabouts:
    """Find out the same as `whereabouts`. Blocks."""
    name, port = _host(url)
    try:
        addresses = _addresses(name, port)
    except OSError as error:
        return Whereabouts(elsewhere=f"cannot resolve {name}: {error.strerror or error}")
    here = _here(addresses)
    if not here:
        shown = ", ".join(sorted(str(address) for address in addresses))
        return Whereabouts(elsewhere=f"{name} ({shown}) is not an address of this machine")
    if not sys.platform.startswith("linux"):
        return Whereabouts(proof="address")
    return _listening(here, port)


def _host(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return unquote(parts.hostname or ""), port


def _addresses(name: str, port: int) -> set[_Address]:
    entries = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return {_address(str(entry[4][0])) for entry in entries}


def _here(addresses: set[_Address]) -> set[_Address]:
    return {address for address in addresses if address.is_loopback or address in _own()}


def _listening(here: set[_Address], port: int) -> Whereabouts:
    """Check the sockets of this network namespace that would accept a connection to `here`."""
    pids: list[int | None] = []
    for listener in listeners(port):
        address = _address(listener.address)
        if address.is_unspecified or address in here:
            pids.append(listener.pid)
    if not pids:
        elsewhere = f"no local process listens on port {port}: it is forwarded"
        return Whereabouts(elsewhere=elsewhere)
    names = {name for pid in pids if pid is not None and (name := _name(pid)) is not None}
    forwarding = sorted(name for name in names if name in _FORWARDERS)
    if forwarding:
        elsewhere = f"{forwarding[0]} listens on port {port} and forwards it"
        return Whereabouts(elsewhere=elsewhere)
    if names:
        return Whereabouts(proof=f"process {', '.join(sorted(names))}")
    return Whereabouts(proof="listening socket")


def _own() -> set[_Address]:
    # Processes that only describe plugins import this module but not psutil.
    import psutil

    families = (socket.AF_INET, socket.AF_INET6)
    return {
        _address(address.address)
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in families
    }


def _address(text: str) -> _Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _name(pid: int) -> str | None:
    import psutil

    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None
