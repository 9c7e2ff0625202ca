"""Admission of agents: a hello with the right token, version and name opens a session."""

import logging
import secrets
from collections.abc import Callable

import anyio

from benchrace import __version__
from benchrace.central.auth.link_check import LinkCheck
from benchrace.central.disk import Disk
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.machine import Machine
from benchrace.central.fleet.rejections import Rejections
from benchrace.central.fleet.session import Session
from benchrace.central.runs.recovery import Recovery
from benchrace.central.runs.registry import Runs
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.protocol import agent_central as m
from benchrace.protocol import version
from benchrace.tls.identity import LinkSecurity, PeerCertificate, check_machine, security
from benchrace.web.socket import LinkSocket, SocketClosed

log = logging.getLogger(__name__)


class Admission:
    """Serves links; `instance` distinguishes this process from an earlier central."""

    def __init__(
        self,
        *,
        tokens: LinkCheck,
        fleet: Fleet,
        runs: Runs,
        recovery: Recovery,
        disk: Disk,
        limits: Limits,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self.instance = secrets.token_hex(8)
        self._tokens = tokens
        self._fleet = fleet
        self._runs = runs
        self._recovery = recovery
        self._disk = disk
        self._limits = limits
        self._clock = clock
        self._on_change = on_change
        self.refusals = Rejections(clock)

    async def link(
        self,
        socket: LinkSocket,
        address: str | None,
        *,
        local: bool = False,
        certificate: PeerCertificate | None = None,
        tls: bool = False,
        dialled: str | None = None,
        peer: str | None = None,
    ) -> BenchraceError | None:
        """Serve one agent until its link closes; close the socket when this returns.

        `local` says that it is on this very machine. `certificate` must be for its machine.
        `dialled` is the machine that central has dialled, at an address that an operator
        configured: it needs no token. `peer` is the IP address there, where `address` is none.
        Return why the agent was refused, if it was.
        """
        try:
            hello = await self._hello(socket)
            machine_id = hello.capabilities.machine_id
            digest = None
            if dialled is None:
                digest = self._tokens.check(
                    hello.token, machine_id, address or "unknown", local=local
                )
                check_machine(certificate, machine_id)
            elif machine_id != dialled:
                raise _another(machine_id, dialled)
            await self._recovery.reopen(hello)
            machine = self._fleet.admit(hello)
        except SocketClosed:
            return None
        except BenchraceError as error:
            log.warning("refused an agent from %s: %s", address, error.message)
            self.refusals.note(address or "unknown", error)
            await _refuse(socket, error)
            return error
        self.refusals.forget(address or "unknown")
        protection = security(certificate, tls=tls, local=local)
        session = self._join(socket, machine, hello, address, digest, protection)
        machine.peer_address = peer or address
        if digest is not None and not self._tokens.is_valid(digest):
            # Revoked while the link was being opened.
            session.close()
        log.info("machine %s is linked from %s", machine.machine_id, address)
        try:
            await self._save()
            await session.serve(self._fleet.keep)
        finally:
            session.requests.close()
            machine.leave(session)
            log.info("the link of machine %s is closed", machine.machine_id)
            self._on_change()
        return None

    async def _hello(self, socket: LinkSocket) -> m.Hello:
        """Wait for the first message and check it; raises `validation` or `timeout_connect`."""
        with anyio.move_on_after(self._limits.hello_s):
            data = await socket.receive()
            if isinstance(data, bytes) or len(data) > m.MAX_MESSAGE_BYTES:
                raise _no_hello("binary data or a message that is too long")
            hello = m.decode_from_agent(data)
            if not isinstance(hello, m.Hello):
                raise _no_hello(type(hello).__name__)
            version.check(hello.protocol, "the agent")
            return hello
        raise BenchraceError(
            Category.TIMEOUT_CONNECT,
            f"the agent sent no hello within {self._limits.hello_s:g} s",
            "Check the agent's log.",
        )

    def _join(
        self,
        socket: LinkSocket,
        machine: Machine,
        hello: m.Hello,
        address: str | None,
        digest: str | None,
        link: LinkSecurity,
    ) -> Session:
        """Attach the link to its machine; an open link of the same agent is closed."""
        session = Session(socket, machine, self._runs, self._limits, self._clock, digest, link)
        before = machine.session
        machine.join(hello, session, address, self._clock.wall_s())
        session.mark_alive()
        if before is not None:
            before.close()
        session.post(
            m.Welcome(
                protocol=version.PROTOCOL,
                version=__version__,
                instance=self.instance,
                resume=self._runs.resume(hello),
            )
        )
        self._fleet.settings.post(machine)
        self._runs.joined(session, hello)
        self._on_change()
        return session

    async def _save(self) -> None:
        try:
            await self._fleet.save()
        except BenchraceError as error:
            # The machine is known all the same; only a restart would forget it.
            self._disk.refused(error)


def _no_hello(what: str) -> BenchraceError:
    return BenchraceError(
        Category.VALIDATION, f"the first message must be a hello: got {what}", "Update the agent."
    )


def _another(actual: str, expected: str) -> BenchraceError:
    return BenchraceError(
        Category.VALIDATION,
        f"the agent there is the machine {actual}, and not {expected}",
        "Correct agent_base_url or machine_id in machines.yaml.",
    )


async def _refuse(socket: LinkSocket, error: BenchraceError) -> None:
    """Send the reason; a conflict that ends by itself (another agent of that name) is not final."""
    final = error.category is Category.VALIDATION
    with anyio.move_on_after(1.0):
        try:
            await socket.send(m.encode(m.Refused(failure=error.failure(), final=final)))
        except SocketClosed:
            return
