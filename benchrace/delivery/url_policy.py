"""Which URLs requests may go to: checked when they are named, and again before each request."""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import anyio

from benchrace.addresses import Address, is_confined, is_public, unwrapped
from benchrace.errors import BenchraceError, Category

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_PORTS = {"http": 80, "https": 443}


class UrlRefused(BenchraceError):
    """A URL that no request may go to."""

    def __init__(self, message: str, remedy: str = "Correct the URL.") -> None:
        super().__init__(Category.VALIDATION, message, remedy)


class Target(NamedTuple):
    """A URL that may be requested, as far as its text says; `destination` is scheme, host, port."""

    url: str
    host: str
    port: int
    destination: str


class UrlPolicy:
    """`allowed` are hosts, addresses and networks, with a port or without; `base` replaces hosts.

    `file` is named in remedies, as what sets them.
    """

    def __init__(
        self,
        allowed: Sequence[str] = (),
        base: str | None = None,
        *,
        file: str = "agent.yaml",
        resolve: Resolve | None = None,
    ) -> None:
        self._base = None if base is None else urlsplit(base.strip())
        self._names = {entry.lower() for entry in allowed if "/" not in entry}
        self._networks = tuple(
            network for entry in allowed if (network := _network(entry)) is not None
        )
        self._base_host = None if self._base is None else _host_port(self._base)
        self._file = file
        self._resolve = resolve or _resolved

    def target(self, url: str) -> Target:
        """Return where a request goes, after `base`; raises UrlRefused. Asks nobody."""
        if not url.isprintable() or not url.isascii() or " " in url or "\\" in url:
            raise UrlRefused("the URL contains a character that must be percent-encoded")
        try:
            parts = self._rebased(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UrlRefused(f"invalid URL: {error}") from error
        if parts.scheme not in _PORTS:
            raise UrlRefused(f"only http and https are possible, not {parts.scheme[:20]!r}")
        if "@" in parts.netloc:
            raise UrlRefused("a URL must not contain a user or password")
        if not host or port == 0:
            raise UrlRefused("the URL has no host")
        port = port or _PORTS[parts.scheme]
        shown = f"[{host}]" if ":" in host else host
        plain = urlunsplit(parts._replace(fragment=""))
        return Target(plain, host, port, f"{parts.scheme}://{shown}:{port}")

    async def addresses(self, target: Target) -> tuple[str, ...]:
        """Resolve the host, and return the addresses to connect to; raises UrlRefused.

        Every address of a name is checked: which one is used is up to the system. Raises OSError
        where the name cannot be resolved now.
        """
        resolved = await self._resolve(target.host, target.port)
        # An address may carry the name of an interface: fe80::1%eth0.
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in resolved]
        listed = self._is_listed(target)
        for address in addresses:
            self._check(target, unwrapped(address), listed=listed)
        if not addresses:
            raise OSError(f"{target.host} has no address")
        return tuple(resolved)

    def _check(self, target: Target, address: Address, *, listed: bool) -> None:
        literal = str(address) == target.host
        if (listed and literal) or any(address in network for network in self._networks):
            return
        where = target.host if literal else f"{target.host} ({address})"
        add = f"Add it to `callbacks.allowed_hosts` in {self._file}, and restart."
        if not listed and (self._names or self._networks):
            raise UrlRefused(f"{where} is not one of the allowed hosts", add)
        if not listed and not is_public(address):
            raise UrlRefused(f"{where} is not a public address", add)
        if is_confined(address):
            # Machines of clouds find credentials there: a name that leads there is an attack.
            remedy = f"Add the address itself to `callbacks.allowed_hosts` in {self._file}."
            raise UrlRefused(f"{where} is a link-local address", remedy)

    def _is_listed(self, target: Target) -> bool:
        host = target.host.lower()
        shown = f"[{host}]" if ":" in host else host
        names = {host, shown, f"{shown}:{target.port}"}
        return bool(names & self._names) or f"{shown}:{target.port}" == self._base_host

    def _rebased(self, url: str) -> SplitResult:
        parts = urlsplit(url)
        if self._base is None:
            if not parts.scheme:
                remedy = f"Set `callbacks.base_url` in {self._file}, or send a whole URL."
                raise UrlRefused("a relative URL needs a base", remedy)
            return parts
        if parts.scheme in _PORTS:
            return parts._replace(
                scheme=self._base.scheme, netloc=self._base.netloc, path=parts.path or "/"
            )
        if parts.scheme or parts.netloc:
            raise UrlRefused("expected an http or https URL, or a path")
        base = urlunsplit(self._base).rstrip("/") + "/"
        return urlsplit(urljoin(base, url.lstrip("/")))


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        return None


def _host_port(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{parts.port or _PORTS.get(parts.scheme, 0)}"


async def _resolved(host: str, port: int) -> Sequence[str]:
    resolved = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in resolved]
