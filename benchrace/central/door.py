"""Where agents come in: who says hello with the right token, version and name gets a session."""

import logging
import secrets
from collections.abc import Callable

import anyio

from benchrace import __version__
from benchrace.central.disk import Disk
from benchrace.central.fleet import Fleet
from benchrace.central.link_token import LinkToken
from benchrace.central.machine import Machine
from benchrace.central.recovery import Recovery
from benchrace.central.refused import Refusals
from benchrace.central.runs import Runs
from benchrace.central.session import Session, Socket
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.link import messages as m
from benchrace.link import version
from benchrace.web.socket import SocketClosed

log = logging.getLogger(__name__)


class Door:
    """Serves links; `instance` tells this process from the central before it."""

    def __init__(
        self,
        token: LinkToken,
        fleet: Fleet,
        runs: Runs,
        recovery: Recovery,
        disk: Disk,
        limits: Limits,
        clock: Clock,
        moved: Callable[[], None],
    ) -> None:
        self.instance = secrets.token_hex(8)
        self._token = token
        self._fleet = fleet
        self._runs = runs
        self._recovery = recovery
        self._disk = disk
        self._limits = limits
        self._clock = clock
        self._moved = moved
        self.refusals = Refusals(clock)

    async def link(self, socket: Socket, address: str | None) -> None:
        """Serve one agent until its link closes; close the socket when this returns."""
        try:
            hello = await self._hello(socket)
            await self._recovery.reopen(hello)
            machine = self._fleet.admit(hello)
        except SocketClosed:
            return
        except BenchraceError as error:
            log.warning("an agent from %s is refused: %s", address, error.message)
            self.refusals.note(address or "unknown", error)
            await _refuse(socket, error)
            return
        self.refusals.forget(address or "unknown")
        session = self._join(socket, machine, hello, address)
        log.info("machine %s is linked from %s", machine.machine_id, address)
        try:
            await self._save()
            await session.serve(self._fleet.keep)
        finally:
            session.asks.close()
            machine.leave(session)
            log.info("the link of machine %s is closed", machine.machine_id)
            self._moved()

    async def _hello(self, socket: Socket) -> m.Hello:
        """Wait for the first message and check it; raises `validation` or `timeout_connect`."""
        with anyio.move_on_after(self._limits.hello_s):
            data = await socket.receive()
            if isinstance(data, bytes) or len(data) > m.MAX_MESSAGE_BYTES:
                raise _no_hello("that is binary or too long")
            hello = m.decode_from_agent(data)
            if not isinstance(hello, m.Hello):
                raise _no_hello(f"that is {type(hello).__name__}")
            version.check(hello.protocol, "the agent")
            if not self._token.accepts(hello.token):
                raise BenchraceError(
                    Category.VALIDATION,
                    "the agent's token is not this central's",
                    "Give the agent the token that central showed at its first start, as "
                    "central_token in agent.yaml or in BENCHRACE_TOKEN.",
                )
            return hello
        raise BenchraceError(
            Category.TIMEOUT_CONNECT,
            f"no hello came within {self._limits.hello_s:g} s",
            "Look at the agent's log.",
        )

    def _join(
        self, socket: Socket, machine: Machine, hello: m.Hello, address: str | None
    ) -> Session:
        """Take the machine over; a link of the same agent that is still open gives way."""
        session = Session(socket, machine, self._runs, self._limits, self._clock)
        before = machine.session
        machine.join(hello, session, address, self._clock.wall_s())
        session.heard()
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
        self._runs.joined(session, hello)
        self._moved()
        return session

    async def _save(self) -> None:
        try:
            await self._fleet.save()
        except BenchraceError as error:
            # The machine is known all the same; only a restart would forget it.
            self._disk.refused(error)


def _no_hello(why: str) -> BenchraceError:
    return BenchraceError(
        Category.VALIDATION, f"the first message must be a hello: {why}", "Update the agent."
    )


async def _refuse(socket: Socket, error: BenchraceError) -> None:
    """Say why; what passes by itself (another agent of that name) may be tried again."""
    final = error.category is Category.VALIDATION
    with anyio.move_on_after(1.0):
        try:
            await socket.send(m.encode(m.Refused(failure=error.failure(), final=final)))
        except SocketClosed:
            return
