"""Checks of every request and upgrade: host, origin, token, size."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from benchrace.api.session import Right
from benchrace.errors import Category, Failure
from benchrace.web.asgi.types import App, Message, Receive, Scope, Send, answer, header
from benchrace.web.auth.access import READS, RIGHT, Access, Refusal
from benchrace.web.problem import body_of

MAX_BODY_BYTES = 1 << 20
_OWN_SITES = frozenset({"same-origin", "none"})
_HOST = re.compile(
    r"(?P<name>\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\]|[A-Za-z0-9._-]+)(?::\d{1,5})?"
)
_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)

HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; "
            b"form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_EMBEDDABLE = tuple((dict(HEADERS) | {b"cross-origin-resource-policy": b"cross-origin"}).items())


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`access` has the rights of tokens; with None no token is required.

    `names` are host names to answer to besides IP addresses and `localhost`; they come from
    `allowed_hosts` in `names_file`. `is_public` names the paths that hold no data and cost nothing:
    they are served to everybody, from whatever site, and no token is looked at. `is_open` names
    those that need no token and heed one. `is_embeddable` names the pictures that pages of other
    sites may show: see docs/decisions/028-a-card-on-other-sites.md.
    """

    access: Access | None = None
    names: frozenset[str] = frozenset()
    names_file: str = "central.yaml"
    is_public: Callable[[str], bool] = frozenset({"/health"}).__contains__
    is_open: Callable[[str], bool] = frozenset[str]().__contains__
    is_embeddable: Callable[[str], bool] = frozenset[str]().__contains__


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: App, policy: Policy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        embeddable = scope["type"] == "http" and self._policy.is_embeddable(scope["path"])
        send = _with_headers(send, _EMBEDDABLE if embeddable else HEADERS)
        refusal = self._check(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
        failure = Failure(
            category=Category.VALIDATION, message=refusal.message, remedy=refusal.remedy
        )
        await answer(
            scope, send, refusal.status, "application/json", body_of(failure), refusal.headers
        )

    def _check(self, scope: Scope) -> Refusal | None:
        return (
            self._host(scope) or self._origin(scope) or self._token(scope) or self._content(scope)
        )

    def _host(self, scope: Scope) -> Refusal | None:
        hosts = [value for key, value in scope["headers"] if key.lower() == b"host"]
        if len(hosts) != 1:
            return Refusal(
                400, "the request must have exactly one Host header", "Send one Host header."
            )
        match = _HOST.fullmatch(hosts[0].decode("latin-1").strip())
        if match is None:
            return Refusal(400, "invalid Host header", "Send one Host header.")
        if not is_allowed_host(match["name"], self._policy.names):
            return Refusal(
                421,
                f"this server does not answer to the name {match['name'][:100]}",
                f"Use its IP address, or add that name to `allowed_hosts` in "
                f"{self._policy.names_file}, and restart it.",
            )
        return None

    def _origin(self, scope: Scope) -> Refusal | None:
        if _reads(scope) and self._policy.is_public(scope["path"]):
            return None
        if _shows_image(scope) and self._policy.is_embeddable(scope["path"]):
            return None
        # Reading costs too: what another site has its visitors ask for could spoil a measurement.
        origin = header(scope, b"origin")
        site = header(scope, b"sec-fetch-site")
        own = (header(scope, b"host") or "").strip().lower()
        foreign = origin is not None and origin.lower() not in (f"http://{own}", f"https://{own}")
        if foreign or (site is not None and site.lower() not in _OWN_SITES):
            return Refusal(
                403,
                "cross-site request",
                "Use this server's own page, or a program outside the browser.",
            )
        return None

    def _token(self, scope: Scope) -> Refusal | None:
        """Note in the scope what the request may do, and refuse what it may not."""
        access = self._policy.access
        if access is None:
            scope[RIGHT] = Right.OPERATE
            return None
        if _reads(scope) and self._policy.is_public(scope["path"]):
            scope[RIGHT] = None
            return None
        return access.check(scope, is_open=self._policy.is_open(scope["path"]))

    def _content(self, scope: Scope) -> Refusal | None:
        if scope["type"] == "websocket" or _reads(scope):
            return None
        length = header(scope, b"content-length")
        chunked = header(scope, b"transfer-encoding") is not None
        if length is not None and length.isdecimal() and int(length) > MAX_BODY_BYTES:
            return Refusal(413, "the request is larger than 1 MiB", "Send at most 1 MiB.")
        empty = length in (None, "0") and not chunked
        kind = header(scope, b"content-type")
        if (kind is None and empty) or (kind is not None and _JSON.fullmatch(kind.strip())):
            return None
        return Refusal(
            415, "the request is not JSON", "Send it with `Content-Type: application/json`."
        )


def _reads(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in READS


def _shows_image(scope: Scope) -> bool:
    """Check whether a browser asks for a picture to show it: a script would not get its bytes."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and header(scope, b"origin") is None
        and header(scope, b"sec-fetch-mode") == "no-cors"
        and header(scope, b"sec-fetch-dest") == "image"
    )


def is_allowed_host(name: str, names: frozenset[str]) -> bool:
    """Check that a name cannot have been rebound: an address, `localhost`, or a declared name.

    Not `*.local`: whoever is on the same network can answer for any such name.
    """
    name = name.lower().rstrip(".")
    if name == "localhost" or name in names:
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return False
    return True


def _with_headers(send: Send, more: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = list(message.get("headers", []))
            present = {bytes(key).lower() for key, _ in headers}
            headers += [pair for pair in more if pair[0] not in present]
            message = {**message, "headers": headers}
        await send(message)

    return sent
