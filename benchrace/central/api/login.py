"""Login and logout: a token is sent once, and a session cookie replaces it."""

from typing import assert_never, cast

import anyio
from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api.session import Login, LoginLink, LoginLinkRequest, Right, SessionAnswer
from benchrace.central.api.route_context import RouteContext
from benchrace.config.central import Watching
from benchrace.errors import Category, FieldError, InvalidInput
from benchrace.web import body
from benchrace.web.answer import answer
from benchrace.web.asgi.types import Scope, header, peer
from benchrace.web.auth.access import Access, Refusal, of_agents, of_services, right_of, too_many
from benchrace.web.auth.login_code import LIFE_S as CODE_S
from benchrace.web.auth.login_code import fragment
from benchrace.web.auth.session import LIFE_S
from benchrace.web.problem import Problem

WRONG_S = 0.5


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/session")
    @document_response(SessionAnswer)
    async def read_session() -> Response:
        """Return what this visitor may do."""
        return answer(_session(site))

    @app.post("/api/login")
    @document_request(Login)
    @document_response(SessionAnswer)
    async def log_in() -> Response:
        """Begin a session with the operator or watcher token, or with a link's code."""
        login = await body.read(request, Login)
        if site.access is None:
            return answer(_session(site))
        right = await _right(site, site.access, login)
        return await _opened(site, site.access, right)

    @app.post("/api/login-link")
    @document_request(LoginLinkRequest)
    @document_response(LoginLink)
    async def make_link() -> Response:
        """Create a link that logs one browser in, once, as operator or to watch."""
        wanted = await body.read(request, LoginLinkRequest)
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


def _link(site: RouteContext, right: Right) -> LoginLink:
    """Create a link; raises `InvalidInput` where it could not be used."""
    settings = site.central.settings
    if site.access is None:
        raise InvalidInput(
            FieldError("login-link", "this central does not require a token"),
            "Open its address: no login is needed.",
        )
    if site.access.tokens.digest_of(right) is None:
        raise InvalidInput(
            FieldError("watch", "this central has no watcher token"),
            "Start it with `--watch token`; with `--watch everybody` its address is enough.",
        )
    path = fragment(site.codes.make(right))
    return LoginLink(path=path, life_s=CODE_S, host=settings.host, hosts=tuple(settings.hosts))


async def _right(site: RouteContext, access: Access, login: Login) -> Right:
    """Return what a token or a code allows people; raises 401, 403 or 429."""
    address = peer(_scope())
    # Before a code is taken, which uses it up.
    if wait_s := access.attempts.wait_s(address):
        raise _problem(too_many(wait_s))
    token, code = login.token, login.code
    right = site.codes.take(code) if code else access.tokens.right_of(token or "")
    if right is None:
        access.attempts.wrong(address, code or token)
        await anyio.sleep(WRONG_S)
        raise _no_code() if code else _no_token()
    match right:
        case Right.LINK:
            raise _problem(of_agents())
        case Right.SERVICE:
            raise _problem(of_services())
        case Right.OPERATE | Right.WATCH:
            return right
        case _:
            assert_never(right)


async def _opened(site: RouteContext, access: Access, right: Right) -> Response:
    sessions, digest = access.sessions, access.tokens.digest_of(right)
    if sessions is None or digest is None:
        raise RuntimeError("a central that asks keeps sessions")
    before = access.session_id(_scope())
    session_id, session = await to_thread.run_sync(sessions.begin, digest)
    if before is not None:
        await to_thread.run_sync(sessions.end, before)
    state = SessionAnswer(asks=True, right=right, watch=_watch(site), expires_at=session.expires_at)
    response = answer(state)
    _put(response, sessions.cookie, session_id, int(LIFE_S))
    return response


def _no_token() -> Problem:
    return Problem(
        401,
        Category.VALIDATION,
        "this central does not accept this token",
        "Type it as central showed it at its first start, or as its configuration says.",
    )


def _no_code() -> Problem:
    return Problem(
        401,
        Category.VALIDATION,
        "this login link has already been used, or has expired",
        "Create a new one with `benchrace central login-link`, or enter the token.",
    )


def _session(site: RouteContext) -> SessionAnswer:
    expires_at = None
    if site.access is not None and site.access.sessions is not None:
        session_id = site.access.session_id(_scope())
        entry = site.access.sessions.find(session_id) if session_id else None
        expires_at = entry[1].expires_at if entry else None
    return SessionAnswer(
        asks=site.access is not None,
        right=right_of(_scope()),
        watch=_watch(site),
        expires_at=expires_at,
    )


def _watch(site: RouteContext) -> Watching:
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
