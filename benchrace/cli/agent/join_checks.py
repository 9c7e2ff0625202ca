"""What stands between this machine and a central, step by step, each with its remedy."""

import secrets
import socket
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from benchrace import structs
from benchrace.api.paths import LINK
from benchrace.api.service import CentralHealth
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.http import Http, TransportError
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.tls.trust import Trust

_CONNECT_S = 10.0
_PORTS = {"http": 80, "https": 443}
_PIN_CHARS = 64
_INVITED = "Check the address and the port that `benchrace central invite` printed."


class Address(NamedTuple):
    """A central's base URL, and the host and port in it."""

    url: str
    host: str
    port: int


def address(text: str) -> Address:
    """Parse a central's base URL; raises `InvalidInput`."""
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        if parts.hostname and "@" not in parts.netloc and not parts.query:
            return Address(url, parts.hostname, parts.port or _PORTS[parts.scheme])
    except (ValueError, KeyError):
        pass
    message = f"invalid address {text[:200]!r} (e.g. http://192.168.1.10:8080)"
    raise InvalidInput(FieldError("URL", message), _INVITED)


def split_code(text: str, to: Address) -> tuple[str, str | None]:
    """Return an invitation's code and the pin after its dot; raises `InvalidInput`."""
    code, dot, pin = text.strip().partition(".")
    if not dot:
        return code, None
    if len(pin) != _PIN_CHARS or not code:
        message = "is incomplete: after its dot there are 64 digits"
        raise InvalidInput(
            FieldError("CODE", message), "Paste the whole command of the invitation."
        )
    if not to.url.lower().startswith("https:"):
        message = f"{to.url} is not encrypted, and the invitation is for a central with TLS"
        raise InvalidInput(FieldError("URL", message), "Use https:// in the address.")
    return code, pin


def resolve(to: Address) -> str:
    """Return the addresses of the host's name; raises `unreachable`."""
    try:
        entries = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"the name {to.host} cannot be resolved: {error}",
            "Use central's IP address in its place, or correct the name; `benchrace central find` "
            "lists the centrals on this network.",
        ) from error
    return ", ".join(dict.fromkeys(str(entry[4][0]) for entry in entries))


def connect(to: Address) -> None:
    """Open a connection; raises `unreachable` or `timeout_connect`."""
    where = f"{to.host}:{to.port}"
    try:
        socket.create_connection((to.host, to.port), timeout=_CONNECT_S).close()
    except ConnectionRefusedError as error:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"{where} refuses connections: nothing listens there",
            "Check that central is running (`benchrace central status` on its machine) and listens "
            "on an address that this machine can reach (`--host 0.0.0.0`).",
        ) from error
    except TimeoutError as error:
        raise BenchraceError(
            Category.TIMEOUT_CONNECT,
            f"{where} did not answer within {_CONNECT_S:g} s",
            "Check the address, and that no firewall blocks the port.",
        ) from error
    except OSError as error:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"{where} cannot be reached: {error.strerror or error}",
            "Check the address, and that both machines are on the same network.",
        ) from error


def greet(to: Address, trust: Trust) -> CentralHealth:
    """Check that a benchrace central answers, over TLS where the address says so; raises why not.

    Raises `unreachable` where it cannot be asked, `validation` where it is something else.
    """
    try:
        with Client(to.url, trust=trust) as client:
            body = client.get("/health")
    except BenchraceError as error:
        raise _why_not_greeted(to, error) from error
    try:
        health = structs.convert(body, CentralHealth)
    except msgspec.ValidationError:
        health = None
    if health is None or health.component != "central":
        raise BenchraceError(
            Category.VALIDATION, f"the server at {to.url} is not a benchrace central", _INVITED
        )
    return health


def _why_not_greeted(to: Address, error: BenchraceError) -> BenchraceError:
    transport = error.__cause__
    is_tls = isinstance(transport, TransportError) and transport.remedy is not None
    if is_tls or error.category is Category.VALIDATION:
        # TLS says why it failed. Else a central said it: it does not answer to this name, say.
        return error
    return BenchraceError(
        Category.VALIDATION if transport is None else Category.UNREACHABLE,
        f"the server at {to.url} is not a benchrace central: {error.message}",
        f"{_INVITED} A server with TLS needs https:// in its address.",
    )


def upgrade(to: Address, trust: Trust) -> None:
    """Check that a WebSocket can be opened, as the agent's link is one; raises `unreachable`."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    http = Http(to.url, headers, trust)
    try:
        status: object = http.request("GET", LINK).status
    except TransportError as error:
        status = str(error)
    finally:
        http.close()
    if status != 101:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no WebSocket can be opened to {to.url}{LINK}: the answer was {status}",
            "Something between this machine and central blocks WebSockets: set the proxy in front "
            "of central to pass `Upgrade` and `Connection` on, or use central's own address.",
        )
