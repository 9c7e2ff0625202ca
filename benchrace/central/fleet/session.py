"""One agent's link, whoever dialled it: messages in both directions, until it closes."""

from collections import deque
from typing import Protocol, assert_never

import anyio

from benchrace.central.fleet.machine import Load, Machine
from benchrace.central.fleet.pending_requests import PendingRequests
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.protocol import agent_central as m
from benchrace.protocol.liveness import KeepAlive
from benchrace.protocol.offset import Ping
from benchrace.store.run_log import Gap
from benchrace.tls.identity import LinkSecurity
from benchrace.web.socket import LinkSocket, SocketClosed

BURST = 8
BURST_S = 0.03
MAX_WAITING = 10_000
# An answer that came later says nothing about a wall clock.
_PROMPT_NS = 1_000_000_000


class JobSink(Protocol):
    """The receiver of a session's messages about jobs."""

    async def lines(self, session: "Session", frame: m.Frame, lines: bytes) -> None:
        """Store lines; raises `Gap` where some are missing."""
        ...

    def phase(self, session: "Session", now: m.PhaseChanged) -> None:
        """Note a job's phase."""
        ...

    def refused(self, session: "Session", job_id: str, failure: Failure) -> None:
        """Note that a job will never start."""
        ...


class Session:
    """Serve one link until it closes. `post` never waits: one task sends, in order.

    `token_sha256` is the digest of the token that opened it, None where central has dialled.
    `security` says whether the link is encrypted.
    """

    def __init__(
        self,
        socket: LinkSocket,
        machine: Machine,
        sink: JobSink,
        limits: Limits,
        clock: Clock,
        token_sha256: str | None,
        security: LinkSecurity,
    ) -> None:
        self.machine = machine
        self.token_sha256 = token_sha256
        self.security = security
        self.requests = PendingRequests(self.post, machine.machine_id)
        self._socket = socket
        self._sink = sink
        self._limits = limits
        self._clock = clock
        self._outbox: deque[m.FromCentral] = deque()
        self._posted = anyio.Event()
        self._scope = anyio.CancelScope()
        self._sent_ns: dict[int, int] = {}
        self._pinged = 0
        self._burst = anyio.Event()

    def post(self, message: m.FromCentral) -> None:
        """Send as soon as what was posted before is sent."""
        self._outbox.append(message)
        self._posted.set()
        if len(self._outbox) > MAX_WAITING:
            self.close()

    def close(self) -> None:
        """Close the link; the agent reconnects, and resumes."""
        self._scope.cancel()

    def measure_clock(self) -> None:
        """Ping some times in a row, for a better estimate of the clock's offset."""
        self._burst.set()

    def mark_alive(self) -> None:
        """Count the agent as alive now."""
        self.machine.heard_ns = self._clock.monotonic_ns()

    async def serve(self, keep: KeepAlive) -> None:
        """Run until the link closes, from either side; invalid messages end it with a refusal."""
        with self._scope:
            async with anyio.create_task_group() as group:
                group.start_soon(self._write)
                group.start_soon(self._ping, keep)
                try:
                    await self._read()
                except (SocketClosed, Gap):
                    pass
                except BenchraceError as error:
                    await self._refuse(error)
                self._scope.cancel()

    async def _read(self) -> None:
        while True:
            data = await self._socket.receive()
            now_ns = self._clock.monotonic_ns()
            self.machine.heard_ns = now_ns
            if len(data) > m.MAX_MESSAGE_BYTES:
                raise BenchraceError(
                    Category.VALIDATION,
                    f"a message of {len(data)} bytes is over the limit of {m.MAX_MESSAGE_BYTES}",
                    "Update the agent: it must send long output in parts.",
                )
            if isinstance(data, bytes):
                await self._sink.lines(self, *m.unpack(data))
            else:
                self._take(m.decode_from_agent(data), now_ns)

    def _take(self, message: m.FromAgent, now_ns: int) -> None:
        match message:
            case m.Pong():
                self._pong(message, now_ns)
            case m.Answer():
                self.requests.answer(message)
            case m.PhaseChanged():
                self._sink.phase(self, message)
            case m.JobRefused():
                self._sink.refused(self, message.job_id, message.failure)
            case m.CapabilitiesChanged():
                self._learn(message)
            case m.SettingsReported():
                self.machine.settings_report = message.report
            case m.Goodbye():
                self.machine.stopped = self.machine.session is self
            case m.Hello():
                raise BenchraceError(
                    Category.VALIDATION, "the agent sent a second hello", "Update the agent."
                )
            case _:
                assert_never(message)

    def _learn(self, message: m.CapabilitiesChanged) -> None:
        if message.capabilities.machine_id != self.machine.machine_id:
            raise BenchraceError(
                Category.VALIDATION,
                f"{self.machine.machine_id} cannot become another machine while it is linked",
                "Restart the agent.",
            )
        self.machine.learn(message.capabilities)

    def _pong(self, pong: m.Pong, now_ns: int) -> None:
        sent_ns = self._sent_ns.pop(pong.ping_id, None)
        if sent_ns is not None and now_ns - sent_ns < _PROMPT_NS:
            self.machine.clock_watch.note_wall(pong.wall_s, self._clock.wall_s())
        if pong.sample is not None:
            self.machine.load = Load(sampled_at=self._clock.wall_s(), sample=pong.sample)
        if sent_ns is not None:
            self.machine.clock.add(
                Ping(
                    sent_ns=sent_ns,
                    received_ns=pong.received_ns,
                    replied_ns=pong.sent_ns,
                    returned_ns=now_ns,
                )
            )

    async def _write(self) -> None:
        while True:
            while self._outbox:
                await self._send(self._outbox.popleft())
            self._posted = anyio.Event()
            await self._posted.wait()

    async def _send(self, message: m.FromCentral) -> None:
        if isinstance(message, m.Ping):
            # Stamped here: what waits in the outbox is no part of the round-trip.
            self._sent_ns[message.ping_id] = self._clock.monotonic_ns()
        try:
            with anyio.fail_after(self._limits.send_s):
                await self._socket.send(m.encode(message))
        except (SocketClosed, TimeoutError):
            self.close()

    async def _ping(self, keep: KeepAlive) -> None:
        while True:
            for _ in range(BURST if self._burst.is_set() or not self._pinged else 1):
                self.post(m.Ping(ping_id=self._pinged))
                # A ping that was never answered must not be kept for ever.
                self._sent_ns.pop(self._pinged - MAX_WAITING, None)
                self._pinged += 1
                await anyio.sleep(BURST_S)
            self._burst = anyio.Event()
            with anyio.move_on_after(keep.ping_ns / 1e9):
                await self._burst.wait()

    async def _refuse(self, error: BenchraceError) -> None:
        with anyio.move_on_after(1.0):
            try:
                await self._socket.send(m.encode(m.Refused(failure=error.failure(), final=False)))
            except SocketClosed:
                return
