"""A request as bytes: checked before anything is sent."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from benchrace import structs
from benchrace.errors import FieldError, InvalidInput
from benchrace.plugin.stream import StreamRequest

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[!-~]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# The interface of an IPv6 address, with its sign as it is or as a URL has it.
_ZONE = re.compile(r"%[^\]]*(?=\])")
_OURS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "accept-encoding"),
        *("connection", "expect", "upgrade", "te"),
    }
)


class Target(NamedTuple):
    """Where a request goes: `host` without brackets, `authority` as the Host header says it.

    An address of a link's own names its interface in `host` alone (`fe80::1%eth0`): to the other
    side that name means nothing.
    """

    secure: bool
    host: str
    port: int
    authority: str
    path: str

    @property
    def url(self) -> str:
        """Return the URL as clients in Python take it: with the interface's sign as it is."""
        place = f"[{self.host}]:{self.port}" if "%" in self.host else self.authority
        return f"{'https' if self.secure else 'http'}://{place}{self.path}"


def target(url: str) -> Target:
    """Parse a URL; raises `validation`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("url", f"invalid URL {url!r:.200}: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused("url", f"invalid URL {url!r:.200}: expected http or https")
    if parts.username is not None or parts.password is not None:
        raise _refused("url", "credentials in a URL: send them in a header")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(path) or not _TARGET.fullmatch(parts.netloc):
        raise _refused("url", f"{url!r:.200} contains characters that must be percent-encoded")
    secure = parts.scheme == "https"
    host, authority = unquote(parts.hostname), _ZONE.sub("", parts.netloc)
    return Target(secure, host, port or (443 if secure else 80), authority, path)


def check(request: StreamRequest) -> Target:
    """Check a request by its types and its headers; raises `validation`."""
    try:
        structs.convert(msgspec.to_builtins(request), StreamRequest)
    except msgspec.ValidationError as error:
        raise _refused("request", str(error)) from error
    if not _TOKEN.fullmatch(request.method):
        raise _refused("method", f"invalid HTTP method {request.method!r:.80}")
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
            raise _refused("headers", f"{name!r:.80} is not a header that a backend may send")
        if not _VALUE.fullmatch(value):
            raise _refused(
                "headers", f"the value of {name} contains characters not allowed in a header"
            )
    return target(request.url)


def as_bytes(request: StreamRequest, to: Target) -> bytes:
    """Encode the request, which was checked before."""
    lines = [
        f"{request.method} {to.path} HTTP/1.1",
        f"Host: {to.authority}",
        "Accept-Encoding: identity",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    if request.body or request.method not in ("GET", "HEAD", "DELETE"):
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


def _refused(field: str, message: str) -> InvalidInput:
    return InvalidInput(FieldError(field, message))
