"""Login and logout: a token is sent once, and a session cookie replaces it."""

from functools import partial
from typing import assert_never

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api.session import Login, LoginLink, LoginLinkRequest, Right, SessionAnswer
from benchrace.central.api.access.visitor import check_attempts, count_wrong, problem, scope
from benchrace.central.api.route_context import RouteContext
from benchrace.config.central import Watching
from benchrace.errors import Category, FieldError, InvalidInput
from benchrace.web import body
from benchrace.web.answer import answer
from benchrace.web.asgi.types import header
from benchrace.web.auth.access import Access, of_agents, of_services, right_of
from benchrace.web.auth.login_code import Grant, fragment
from benchrace.web.auth.one_time_codes import LIFE_S as CODE_S
from benchrace.web.auth.session import LIFE_S
from benchrace.web.problem import Problem
from benchrace.web.token import sha256_of


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
        grant = await _grant(site, site.access, login)
        return await _opened(site, site.access, grant)

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
        if (session_id := access.session_id(scope())) is not None:
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
    if right is Right.WATCH and site.central.settings.watch is not Watching.TOKEN:
        raise InvalidInput(
            FieldError("watch", "this central has no watcher token"),
            "Start it with `--watch token`; with `--watch everybody` its address is enough.",
        )
    grant = Grant(right, site.access.credential(scope()))
    path = fragment(site.codes.make(grant))
    return LoginLink(path=path, life_s=CODE_S, host=settings.host, hosts=tuple(settings.hosts))


async def _grant(site: RouteContext, access: Access, login: Login) -> Grant:
    """Return what a token or a code allows people, and by which token; raises 401, 403 or 429."""
    # Before a code is taken, which uses it up.
    check_attempts(access.attempts)
    token, code = login.token, login.code
    grant = _of_code(site, access, code) if code else _of_token(access, token or "")
    if grant is None:
        await count_wrong(access.attempts, code or token or "")
        raise _no_code() if code else _no_token()
    match grant.right:
        case Right.LINK:
            raise problem(of_agents())
        case Right.SERVICE:
            raise problem(of_services())
        case Right.OPERATE | Right.WATCH:
            return grant
        case _:
            assert_never(grant.right)


def _of_token(access: Access, token: str) -> Grant | None:
    right = access.tokens.right_of(token)
    # The key of central's machine is new at each start, so its sessions are the first token's.
    digest = None if access.tokens.is_local(token) else sha256_of(token)
    return None if right is None else Grant(right, digest)


def _of_code(site: RouteContext, access: Access, code: str) -> Grant | None:
    """Use a code up; None also where the token of the one who created it was revoked."""
    grant = site.codes.take(code)
    revoked = (
        grant is not None
        and grant.token_sha256 is not None
        and access.tokens.right_of_digest(grant.token_sha256) is None
    )
    return None if revoked else grant


async def _opened(site: RouteContext, access: Access, grant: Grant) -> Response:
    sessions, right = access.sessions, grant.right
    digest = grant.token_sha256 or site.central.tokens.first(right)
    if sessions is None or digest is None:
        raise RuntimeError("a central that asks keeps sessions")
    before = access.session_id(scope())
    begin = partial(sessions.begin, digest, watch=right is Right.WATCH)
    session_id, session = await to_thread.run_sync(begin)
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
        "Enter the token that central printed on its first start, or the one in central.yaml.",
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
        session_id = site.access.session_id(scope())
        entry = site.access.sessions.find(session_id) if session_id else None
        expires_at = entry[1].expires_at if entry else None
    return SessionAnswer(
        asks=site.access is not None,
        right=right_of(scope()),
        watch=_watch(site),
        expires_at=expires_at,
    )


def _watch(site: RouteContext) -> Watching:
    return site.central.settings.watch


def _put(response: Response, name: str, value: str, life_s: int) -> None:
    """Set the cookie; a browser that came over TLS sends it over nothing else."""
    origin = header(scope(), b"origin") or ""
    response.set_cookie(
        name,
        value,
        max_age=life_s,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=scope().get("scheme") == "https" or origin.startswith("https://"),
    )
    response.headers["Cache-Control"] = "no-store"
