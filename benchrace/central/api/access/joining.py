"""Invitations, and machines that join with them or leave, over HTTP."""

import logging

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace import __version__
from benchrace.api.joining import (
    CLOCK_S,
    InvitationList,
    InvitationRequest,
    JoinAnswer,
    JoinRequest,
    LeaveAnswer,
    NewInvitation,
    OwnMachine,
)
from benchrace.api.paths import JOIN, LEAVE, SELF
from benchrace.api.runs import Deleted
from benchrace.api.tokens import TokenRole
from benchrace.central.api.access.visitor import (
    check_attempts,
    check_operator,
    count_wrong,
    scope,
)
from benchrace.central.api.route_context import RouteContext
from benchrace.central.auth.named_tokens import NamedToken
from benchrace.clock import SystemClock
from benchrace.errors import Category
from benchrace.protocol import version
from benchrace.tls.pinning import pin_of
from benchrace.web import body
from benchrace.web.answer import answer
from benchrace.web.asgi.types import peer
from benchrace.web.auth.access import bearer
from benchrace.web.auth.one_time_codes import LIFE_S
from benchrace.web.problem import Problem
from benchrace.web.token import sha256_of

log = logging.getLogger(__name__)


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""
    _invitations(app, site)
    _machines(app, site)


def _invitations(app: Quart, site: RouteContext) -> None:
    @app.get("/api/invitations")
    @document_response(InvitationList)
    async def list_invitations() -> Response:
        """List the invitations that can still be used, without their codes."""
        check_operator()
        return answer(InvitationList(invitations=site.invitations.pending()))

    @app.post("/api/invitations")
    @document_request(InvitationRequest)
    @document_response(NewInvitation, 201)
    async def invite() -> Response:
        """Create a code with which one machine can join, once, within ten minutes."""
        wanted = await body.read(request, InvitationRequest)
        settings = site.central.settings
        pin = None if settings.tls is None else await to_thread.run_sync(pin_of, settings.tls)
        entry, code = site.invitations.make(wanted.label)
        invitation = NewInvitation(
            code=code,
            life_s=LIFE_S,
            host=settings.host,
            hosts=tuple(settings.hosts),
            pin=pin,
            client_certificates=settings.tls is not None and settings.tls.client_ca is not None,
            entry=entry,
        )
        return _secret(answer(invitation, 201))

    @app.delete("/api/invitations/<invitation_id>")
    @document_response(Deleted)
    async def cancel_invitation(invitation_id: str) -> Response:
        """Cancel an invitation that was not used yet."""
        site.invitations.cancel(invitation_id)
        return answer(Deleted(deleted=invitation_id))


def _machines(app: Quart, site: RouteContext) -> None:
    central = site.central

    @app.post(JOIN)
    @document_request(JoinRequest)
    @document_response(JoinAnswer)
    async def join() -> Response:
        """Exchange an invitation's code for a token with which this machine alone may link."""
        wanted = await body.read(request, JoinRequest)
        token = await _admit(site, wanted)
        central.fleet.close_links(central.tokens.is_agent)
        ahead_s = wanted.wall_s - SystemClock().wall_s()
        log.info("machine %s has joined from %s", wanted.machine_id, peer(scope()))
        if abs(ahead_s) > CLOCK_S:
            log.warning("the clock of %s differs by %.0f s", wanted.machine_id, ahead_s)
        joined = JoinAnswer(
            token=token,
            machine_id=wanted.machine_id,
            version=__version__,
            protocol=version.PROTOCOL,
            wall_s=wanted.wall_s - ahead_s,
            clock_ahead_s=ahead_s,
        )
        return _secret(answer(joined))

    @app.get(SELF)
    @document_response(OwnMachine)
    async def own_machine() -> Response:
        """Return the state of the machine to which the agent token belongs."""
        token = _own_token(site)
        machine_id = "" if token is None else token.machine_id or ""
        if not machine_id:
            raise Problem(
                404,
                Category.VALIDATION,
                "this token belongs to no machine alone",
                "Operators read GET /api/machines; a machine that joined with an invitation has a "
                "token of its own.",
            )
        for status in central.machines():
            if status.view.machine_id == machine_id:
                own = OwnMachine(
                    machine_id=machine_id, state=status.view.state, reason=status.reason
                )
                return answer(own)
        return answer(OwnMachine(machine_id=machine_id, state=None, reason=None))

    @app.post(LEAVE)
    @document_response(LeaveAnswer)
    async def leave() -> Response:
        """Revoke the token that the agent shows, where it belongs to one machine alone."""
        token = _own_token(site)
        if token is not None:
            await to_thread.run_sync(central.tokens.revoke, token.token_id)
            central.fleet.close_links(central.tokens.is_agent)
        return answer(LeaveAnswer(revoked=token is not None))


async def _admit(site: RouteContext, wanted: JoinRequest) -> str:
    """Use a code up and create the machine's token; a code is valid again where that fails.

    Raises 401 for a code that is not valid, 429 after too many, `busy` for a name that is taken,
    and what the disk refuses.
    """
    central = site.central
    check_attempts(central.attempts)
    with site.invitations.using(wanted.code) as invitation:
        if invitation is None:
            await count_wrong(central.attempts, wanted.code)
            raise Problem(
                401,
                Category.VALIDATION,
                site.invitations.why_not(wanted.code),
                "Run `benchrace central invite` on central's machine for a new one.",
            )
        version.check(wanted.protocol, "the agent")
        central.fleet.check_host(wanted.machine_id, wanted.host_id)
        name = invitation.label or wanted.label.strip()[:80] or wanted.machine_id
        _, token = await to_thread.run_sync(
            central.tokens.create, TokenRole.AGENT, name, wanted.machine_id
        )
    return token


def _own_token(site: RouteContext) -> NamedToken | None:
    token = bearer(scope())
    return None if token is None else site.central.tokens.own(sha256_of(token))


def _secret(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
