"""Logging in and out: a token is shown once, and a cookie stands for it from then on."""

from typing import Annotated, cast

import anyio
import msgspec
from anyio import to_thread
from msgspec import Meta
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.central.site import Site, answer
from benchrace.config.central import Watching
from benchrace.errors import Category, FieldError, InvalidInput
from benchrace.web import body
from benchrace.web.access import Access, Refusal, of_agents, right_of, too_many
from benchrace.web.asgi import Scope, header, peer
from benchrace.web.attempts import Attempts
from benchrace.web.login_code import LIFE_S as CODE_S
from benchrace.web.login_code import fragment
from benchrace.web.problem import Problem
from benchrace.web.session import LIFE_S
from benchrace.web.token import LONGEST, Right

PATHS = frozenset({"/api/session", "/api/login", "/api/logout"})
WRONG_S = 0.5
_MOST_WRONG = 6
_WINDOW_S = 60.0


Secret = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of both: `token` is the operator's or the watchers', `code` one of a login link."""

    token: Secret | None = None
    code: Secret | None = None

    def __post_init__(self) -> None:
        if (self.token is None) == (self.code is None):
            raise ValueError("give a token or a code")


class LinkWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`watch` asks for a link with which one may only watch."""

    watch: bool = False


class LoginLink(msgspec.Struct, frozen=True, kw_only=True):
    """`path` goes after central's address and logs one browser in, within `life_s` seconds.

    `host` is what central listens on, `hosts` the names that it answers to.
    """

    path: str
    life_s: float
    host: str
    hosts: tuple[str, ...]


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What this visitor may do: `operate`, `watch`, or null until a token was shown.

    `asks` says whether this central asks for tokens, `watch` who may watch without the operator's.
    `expires_at` is the end of the session in wall seconds, null for who has none.
    """

    asks: bool
    right: Right | None
    watch: Watching
    expires_at: float | None = None


def install(app: Quart, site: Site) -> None:
    """Add the routes."""
    attempts = Attempts(_MOST_WRONG, _WINDOW_S)

    @app.get("/api/session")
    @document_response(SessionAnswer)
    async def read_session() -> Response:
        """Say what this visitor may do."""
        return answer(_session(site))

    @app.post("/api/login")
    @document_request(Login)
    @document_response(SessionAnswer)
    async def log_in() -> Response:
        """Begin a session for who shows the operator's or the watchers' token, or a link's code."""
        login = await body.read(request, Login)
        if site.access is None:
            return answer(_session(site))
        right = await _right(site, site.access, attempts, login)
        return await _opened(site, site.access, right)

    @app.post("/api/login-link")
    @document_request(LinkWanted)
    @document_response(LoginLink)
    async def make_link() -> Response:
        """Make a link that logs one browser in, once, as operator or to watch."""
        wanted = await body.read(request, LinkWanted)
        response = answer(_link(site, Right.WATCH if wanted.watch else Right.OPERATE))
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.post("/api/logout")
    @document_response(SessionAnswer)
    async def log_out() -> Response:
        """End the session of this visitor."""
        access = site.access
        if access is None or access.sessions is None:
            return answer(_session(site))
        if (session_id := access.session_id(_scope())) is not None:
            await to_thread.run_sync(access.sessions.end, session_id)
        left = Right.WATCH if access.watching else None
        response = answer(SessionAnswer(asks=True, right=left, watch=_watch(site)))
        _put(response, access.sessions.cookie, "", 0)
        return response


def _link(site: Site, right: Right) -> LoginLink:
    """Make a link; raises `InvalidInput` where nobody could log in with it."""
    settings = site.central.settings
    if site.access is None:
        raise InvalidInput(
            FieldError("login-link", "this central asks nobody for a token"),
            "Open its address: no login is needed.",
        )
    if site.access.tokens.digest_of(right) is None:
        raise InvalidInput(
            FieldError("watch", "this central has no token for who may only watch"),
            "Start it with `--watch token`; with `--watch everybody` its address is enough.",
        )
    path = fragment(site.codes.make(right))
    return LoginLink(path=path, life_s=CODE_S, host=settings.host, hosts=tuple(settings.hosts))


async def _right(site: Site, access: Access, attempts: Attempts, login: Login) -> Right:
    """Give what a token or a code allows people; raises 401, 403 or 429."""
    address = peer(_scope())
    if wait_s := attempts.wait_s(address):
        raise _problem(too_many(wait_s))
    token, code = login.token, login.code
    right = site.codes.take(code) if code else access.tokens.right_of(token or "")
    if right is None:
        attempts.wrong(address)
        await anyio.sleep(WRONG_S)
        raise _no_code() if code else _no_token()
    attempts.right(address)
    if right is Right.LINK:
        raise _problem(of_agents())
    return right


async def _opened(site: Site, access: Access, right: Right) -> Response:
    sessions, digest = access.sessions, access.tokens.digest_of(right)
    if sessions is None or digest is None:
        raise RuntimeError("a central that asks keeps sessions")
    before = access.session_id(_scope())
    session_id, session = await to_thread.run_sync(sessions.begin, digest)
    if before is not None:
        await to_thread.run_sync(sessions.end, before)
    told = SessionAnswer(asks=True, right=right, watch=_watch(site), expires_at=session.expires_at)
    response = answer(told)
    _put(response, sessions.cookie, session_id, int(LIFE_S))
    return response


def _no_token() -> Problem:
    return Problem(
        401,
        Category.VALIDATION,
        "this is not a token of this central",
        "Type it as central showed it at its first start, or as its configuration says.",
    )


def _no_code() -> Problem:
    return Problem(
        401,
        Category.VALIDATION,
        "this login link was used already, or is too old",
        "Make another one with `benchrace central login-link`, or type the token.",
    )


def _session(site: Site) -> SessionAnswer:
    expires_at = None
    if site.access is not None and site.access.sessions is not None:
        session_id = site.access.session_id(_scope())
        found = site.access.sessions.find(session_id) if session_id else None
        expires_at = found[1].expires_at if found else None
    return SessionAnswer(
        asks=site.access is not None,
        right=right_of(_scope()),
        watch=_watch(site),
        expires_at=expires_at,
    )


def _watch(site: Site) -> Watching:
    return site.central.settings.watch


def _put(response: Response, name: str, value: str, life_s: int) -> None:
    """Set the cookie; a browser that came over TLS sends it over nothing else."""
    origin = header(_scope(), b"origin") or ""
    response.set_cookie(
        name,
        value,
        max_age=life_s,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_scope().get("scheme") == "https" or origin.startswith("https://"),
    )
    response.headers["Cache-Control"] = "no-store"


def _scope() -> Scope:
    return cast(Scope, request.scope)


def _problem(refusal: Refusal) -> Problem:
    return Problem(refusal.status, Category.VALIDATION, refusal.message, refusal.remedy)
