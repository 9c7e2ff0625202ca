"""Whether an engine runs on this machine: what is measured is credited to whoever did the work."""

import ipaddress
import socket
import sys
from urllib.parse import urlsplit

import msgspec

from benchrace.plugin.context import Context

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# They listen here for what runs elsewhere, or for what they alone could say where it runs.
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
    """`elsewhere` is null where the engine is proved to run on this machine, else why it is not.

    `proof` says how far the proof goes: `process NAME`, `listening socket` or `address`.
    """

    elsewhere: str | None = None
    proof: str = "none"


async def whereabouts(url: str, context: Context) -> Whereabouts:
    """Find out whether what listens at `url` is a process of this machine; raises nothing.

    A listening socket is looked for on Linux alone: elsewhere only the address is checked.
    """
    return await context.run_blocking(lambda: find(url))


def find(url: str) -> Whereabouts:
    """As `whereabouts`. Blocks."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = {each[4][0] for each in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        return Whereabouts(elsewhere=f"{name} has no address: {error.strerror or error}")
    addresses = {_address(str(each)) for each in found}
    here = {each for each in addresses if each.is_loopback or each in _own()}
    if not here:
        shown = ", ".join(sorted(str(each) for each in addresses))
        return Whereabouts(elsewhere=f"{name} ({shown}) is no address of this machine")
    if not sys.platform.startswith("linux"):
        return Whereabouts(proof="address")
    return _listening(here, port)


def _listening(here: set[_Address], port: int) -> Whereabouts:
    """Judge the sockets of this network namespace that would take a connection to `here`."""
    # Whoever describes a plugin imports this module, and asks for no socket.
    import psutil

    pids: list[int | None] = []
    for each in psutil.net_connections(kind="tcp"):
        if each.status != psutil.CONN_LISTEN or not each.laddr or each.laddr.port != port:
            continue
        at = _address(each.laddr.ip)
        if at.is_unspecified or at in here:
            pids.append(each.pid)
    if not pids:
        return Whereabouts(elsewhere=f"nothing listens on port {port} here: it is forwarded")
    names = {name for pid in pids if pid is not None and (name := _name(pid)) is not None}
    forwarding = sorted(name for name in names if name in _FORWARDERS)
    if forwarding:
        return Whereabouts(
            elsewhere=f"{forwarding[0]} listens on port {port} and passes on to something else"
        )
    if names:
        return Whereabouts(proof=f"process {', '.join(sorted(names))}")
    return Whereabouts(proof="listening socket")


def _own() -> set[_Address]:
    import psutil

    families = (socket.AF_INET, socket.AF_INET6)
    return {
        _address(each.address)
        for listed in psutil.net_if_addrs().values()
        for each in listed
        if each.family in families
    }


def _address(text: str) -> _Address:
    found = ipaddress.ip_address(text.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _name(pid: int) -> str | None:
    import psutil

    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None
