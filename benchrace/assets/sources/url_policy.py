"""Which addresses a machine fetches from: hosts on its list, at the addresses they may have."""

import ipaddress
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from benchrace.addresses import Address, is_confined, is_public
from benchrace.errors import FieldError, InvalidInput
from benchrace.redaction import without_user

# What a path may have as it is; `%` begins what is quoted already.
_PATH = "/%:@!$&'()*+,;=~-._"
_PORTS = {"https": 443, "http": 80}
_REMEDY = "Add the host to `assets.hosts` in agent.yaml, or use another source."


class Origin(NamedTuple):
    """Where a request goes; `private` addresses are allowed for it, and plain HTTP."""

    scheme: str
    host: str
    port: int
    private: bool


class UrlPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts` are public, `private_hosts` on this machine or its network."""

    hosts: tuple[str, ...]
    private_hosts: tuple[str, ...] = ()

    def check(self, url: str) -> Origin:
        """Return where a URL leads; raises InvalidInput where this machine may not go there."""
        shown = without_user(url.partition("?")[0])[:200]
        parts = urlsplit(ascii_url(url))
        host, port = (parts.hostname or "").rstrip("."), parts.port
        if parts.scheme not in _PORTS or not host:
            raise _refused(f"invalid URL {shown!r}: expected https://host/path", "Correct the URL.")
        if parts.username is not None or parts.password is not None:
            raise _refused(
                f"{shown} has a user or a password",
                "Name the variable that holds a token in `assets.token_env` of agent.yaml.",
            )
        port = _PORTS[parts.scheme] if port is None else port
        origin = Origin(parts.scheme, host, port, self._is_private(host, port))
        if not origin.private and not any(_fits(host, entry) for entry in self.hosts):
            raise _refused(f"{host} is not on this machine's list of hosts", _REMEDY)
        if parts.scheme == "http" and not origin.private:
            raise _refused(f"{shown} is not encrypted", "Use https://, or `assets.private_hosts`.")
        return origin

    def allows(self, origin: Origin, address: str) -> bool:
        """Check whether a host may have this IP address: else its name may have been rebound."""
        ip = parsed(address)
        return ip is not None and not is_confined(ip) and (origin.private or is_public(ip))

    def _is_private(self, host: str, port: int) -> bool:
        names = {host, f"{host}:{port}", f"[{host}]:{port}"}
        return any(_entry(entry) in names for entry in self.private_hosts)


def ascii_url(url: str) -> str:
    """Return a URL as it is requested: without fragment, and with nothing but ASCII.

    Raises InvalidInput for one with control characters, blanks or backslashes, or an invalid host.
    """
    try:
        if not url.isprintable() or " " in url or "\\" in url:
            raise ValueError("a blank, a backslash or an invisible character")
        parts = urlsplit(url)
        netloc = parts.netloc
        if not netloc.isascii():
            user, at, _ = netloc.rpartition("@")
            port = "" if parts.port is None else f":{parts.port}"
            netloc = f"{user}{at}{_ascii_host(parts.hostname or '')}{port}"
        path, query = quote(parts.path, safe=_PATH), quote(parts.query, safe=_PATH + "?")
        plain = urlunsplit((parts.scheme, netloc, path, query, ""))
        # It raises ValueError for an invalid port.
        _ = urlsplit(plain).port
    except ValueError:
        shown = ascii(without_user(url.partition("?")[0])[:200])
        raise _refused(f"invalid URL {shown}", "Correct the URL.") from None
    return plain


def parsed(address: str) -> Address | None:
    """Return an IP address, which may carry the name of an interface; None for anything else."""
    try:
        return ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None


def _ascii_host(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode()


def _fits(host: str, entry: str) -> bool:
    entry = _entry(entry)
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry


def _entry(entry: str) -> str:
    try:
        return _ascii_host(entry.lower())
    except UnicodeError:
        return entry.lower()


def _refused(message: str, remedy: str) -> InvalidInput:
    return InvalidInput(FieldError("url", message), remedy)
