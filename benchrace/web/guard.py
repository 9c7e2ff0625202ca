"""Who may ask: hosts, origins, tokens, sizes. Holds for every request and every upgrade."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from benchrace.errors import Category, Failure
from benchrace.web.access import READS, RIGHT, Access, Refusal
from benchrace.web.asgi import App, Message, Receive, Scope, Send, answer, header
from benchrace.web.problem import body_of
from benchrace.web.token import Right

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


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`access` says who may do what, None that nobody is asked for a token.

    `names` are host names to answer to beside IP addresses, `localhost` and `*.local`;
    `is_open` names the paths that are served without a token.
    """

    access: Access | None = None
    names: frozenset[str] = frozenset()
    is_open: Callable[[str], bool] = frozenset({"/health"}).__contains__


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: App, policy: Policy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
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
        given = [value for key, value in scope["headers"] if key.lower() == b"host"]
        if len(given) != 1:
            return Refusal(400, "the request has no Host, or several", "Send one Host header.")
        found = _HOST.fullmatch(given[0].decode("latin-1").strip())
        if found is None:
            return Refusal(400, "the Host header is no host", "Send one Host header.")
        if not is_allowed_host(found["name"], self._policy.names):
            return Refusal(
                421,
                f"this server does not answer to the name {found['name'][:100]}",
                "Use its IP address, or start it with `--name` and that name.",
            )
        return None

    def _origin(self, scope: Scope) -> Refusal | None:
        if scope["type"] == "http" and scope["method"] in READS:
            return None
        origin = header(scope, b"origin")
        site = header(scope, b"sec-fetch-site")
        own = (header(scope, b"host") or "").strip().lower()
        foreign = origin is not None and origin.lower() not in (f"http://{own}", f"https://{own}")
        if foreign or (site is not None and site.lower() not in _OWN_SITES):
            return Refusal(
                403, "another site asked for this", "Ask from this server's own page, or a tool."
            )
        return None

    def _token(self, scope: Scope) -> Refusal | None:
        """Note in the scope what the request may do, and refuse what it may not."""
        access = self._policy.access
        if access is None:
            scope[RIGHT] = Right.OPERATE
            return None
        return access.check(scope, is_open=self._policy.is_open(scope["path"]))

    def _content(self, scope: Scope) -> Refusal | None:
        if scope["type"] == "websocket" or scope["method"] in READS:
            return None
        length = header(scope, b"content-length")
        chunked = header(scope, b"transfer-encoding") is not None
        if length is not None and length.isdecimal() and int(length) > MAX_BODY_BYTES:
            return Refusal(413, "the request has over 1 MiB", "Send less.")
        empty = length in (None, "0") and not chunked
        kind = header(scope, b"content-type")
        if (kind is None and empty) or (kind is not None and _JSON.fullmatch(kind.strip())):
            return None
        return Refusal(
            415, "the request is no JSON", "Send it with `Content-Type: application/json`."
        )


def is_allowed_host(name: str, names: frozenset[str]) -> bool:
    """Tell whether a name cannot have been rebound: an address, a local or a declared name."""
    name = name.lower().rstrip(".")
    if name == "localhost" or name.endswith(".local") or name in names:
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = list(message.get("headers", []))
            present = {bytes(key).lower() for key, _ in headers}
            headers += [pair for pair in HEADERS if pair[0] not in present]
            message = {**message, "headers": headers}
        await send(message)

    return sent
