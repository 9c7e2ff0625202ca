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
from benchrace.errors import Category
from benchrace.web import body
from benchrace.web.access import Access, Refusal, of_agents, right_of, too_many
from benchrace.web.asgi import Scope, header, peer
from benchrace.web.attempts import Attempts
from benchrace.web.problem import Problem
from benchrace.web.session import LIFE_S
from benchrace.web.token import LONGEST, Right

PATHS = frozenset({"/api/session", "/api/login", "/api/logout"})
WRONG_S = 0.5
_MOST_WRONG = 6
_WINDOW_S = 60.0


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`token` is the operator's or the watchers'."""

    token: Annotated[str, Meta(min_length=1, max_length=LONGEST)]


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
        """Begin a session for who shows the operator's or the watchers' token."""
        token = (await body.read(request, Login)).token
        if site.access is None:
            return answer(_session(site))
        right = await _right(site.access, attempts, token)
        return await _opened(site, site.access, token, right)

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


async def _right(access: Access, attempts: Attempts, token: str) -> Right:
    """Give what a token allows people; raises 401, 403 or 429."""
    address = peer(_scope())
    if wait_s := attempts.wait_s(address):
        raise _problem(too_many(wait_s))
    right = access.tokens.right_of(token)
    if right is None:
        attempts.wrong(address)
        await anyio.sleep(WRONG_S)
        raise Problem(
            401,
            Category.VALIDATION,
            "this is not a token of this central",
            "Type it as central showed it at its first start, or as its configuration says.",
        )
    attempts.right(address)
    if right is Right.LINK:
        raise _problem(of_agents())
    return right


async def _opened(site: Site, access: Access, token: str, right: Right) -> Response:
    sessions = access.sessions
    if sessions is None:
        raise RuntimeError("a central that asks keeps sessions")
    before = access.session_id(_scope())
    session_id, session = await to_thread.run_sync(sessions.open, token)
    if before is not None:
        await to_thread.run_sync(sessions.end, before)
    told = SessionAnswer(asks=True, right=right, watch=_watch(site), expires_at=session.expires_at)
    response = answer(told)
    _put(response, sessions.cookie, session_id, int(LIFE_S))
    return response


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
