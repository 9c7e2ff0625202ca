"""One link to central, whoever dialled it: lines go to central, orders come from it."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, assert_never

import anyio
import anyio.abc

from benchrace import __version__
from benchrace.agent.agent import Agent
from benchrace.agent.link.answers import answer
from benchrace.agent.link.job_lines import JobLines
from benchrace.agent.machine_settings import CentralSettings
from benchrace.api.agents import LENT, LINKED, LoanRequest
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.protocol import agent_central as m
from benchrace.protocol import agent_worker
from benchrace.protocol.job import JobSpec
from benchrace.protocol.version import PROTOCOL, check
from benchrace.web.socket import AddressedSocket, SocketClosed

log = logging.getLogger(__name__)
T = TypeVar("T")
# Central reads a run's whole log before it welcomes an agent that has late lines of it.
_WELCOME_S = 60.0
_SAMPLE_S = 10.0


class Session:
    """`refused` is set where central refused this agent; the link is then closed."""

    def __init__(
        self,
        agent: Agent,
        socket: AddressedSocket,
        token: str | None,
        loan: LoanRequest | None = None,
    ) -> None:
        self._agent = agent
        self._socket = socket
        self._token = token
        self._loan = loan
        self._lines = JobLines(agent, loan, self._send)
        self._cancels: dict[str, str] = {}
        self._announced = 0
        self._reporting = False
        self._sample: RuntimeSamplePayload | None = None
        self._tasks: anyio.abc.TaskGroup | None = None
        self.refused: m.Refused | None = None

    async def run(self) -> None:
        """Serve the link until it is lost or refused."""
        try:
            welcome = await self._greet()
        except SocketClosed:
            return
        if welcome is None:
            return
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await self._lines.resume(welcome.resume)
            self._agent.link_state = LINKED if self._loan is None else LENT
            self._agent.operations.link_address = self._socket.own_address
            tasks.start_soon(self._receive)
            tasks.start_soon(self._lines.run)
            tasks.start_soon(self._send_capabilities)
            tasks.start_soon(self._keep_sample)

    async def _greet(self) -> m.Welcome | None:
        agent = self._agent
        capabilities = await agent.capabilities.listed()
        # What changes between hello and welcome is sent after it.
        self._announced = agent.capabilities.changed.count
        hello = m.Hello(
            protocol=PROTOCOL,
            version=__version__,
            token=self._token,
            instance=agent.instance,
            host_id=agent.host_id,
            share_host=agent.settings.share_host,
            # The rest follows as it is found out: a plugin that hangs must not keep us away.
            capabilities=capabilities,
            jobs=await self._lines.reports(),
            takes_settings=True,
        )
        await self._socket.send(m.encode(hello))
        message: m.FromCentral | None = None
        with anyio.move_on_after(_WELCOME_S):
            message = m.decode_from_central(await self._socket.receive())
        match message:
            case m.Welcome():
                check(message.protocol, "central")
                return message
            case m.Refused():
                self.refused = message
            case _:
                failure = Failure(
                    category=Category.STREAM_ERROR,
                    message="central did not answer the hello",
                    remedy="Check that a benchrace central listens at this address.",
                )
                self.refused = m.Refused(failure=failure, final=False)
        return None

    async def _send_capabilities(self) -> None:
        capabilities = self._agent.capabilities
        while True:
            await capabilities.changed.wait(self._announced)
            await self._announce()

    async def _announce(self) -> None:
        """Send the capabilities if they have changed."""
        capabilities = self._agent.capabilities
        if self._announced != capabilities.changed.count:
            self._announced = capabilities.changed.count
            await self._send(m.encode(m.CapabilitiesChanged(capabilities=capabilities.current)))

    async def _send(self, message: str | bytes) -> None:
        try:
            await self._socket.send(message)
        except SocketClosed:
            self._end()

    def _end(self) -> None:
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def _receive(self) -> None:
        clock = self._agent.clock
        while True:
            try:
                data = await self._socket.receive()
            except SocketClosed:
                self._end()
                return
            received_ns = clock.monotonic_ns()
            try:
                message = m.decode_from_central(data)
            except BenchraceError as error:
                # A newer central may say more than this agent knows.
                log.warning("central: %s", error)
                continue
            await self._handle(message, received_ns)

    async def _handle(self, message: m.FromCentral, received_ns: int) -> None:
        match message:
            case m.Ping(ping_id=ping_id):
                pong = m.Pong(
                    ping_id=ping_id,
                    received_ns=received_ns,
                    sent_ns=self._agent.clock.monotonic_ns(),
                    wall_s=self._agent.clock.wall_s(),
                    sample=self._take_sample(),
                )
                await self._send(m.encode(pong))
            case m.Ack():
                await self._lines.acknowledged(message)
            case m.StartJob(spec=spec):
                self._spawn(self._start, spec)
            case m.Ask():
                self._spawn(self._answer, message)
            case m.Go() | m.Shorten() | m.CancelJob():
                await self._pass_on(message)
            case m.ApplySettings():
                self._apply(message)
            case m.Refused():
                self.refused = message
                self._end()
            case m.Welcome():
                log.warning("central: a second welcome was ignored")
            case _:
                assert_never(message)

    async def _keep_sample(self) -> None:
        """Keep this machine's latest sample for the next pong: of a job while one runs."""
        while True:
            if samples := await self._agent.sampling.window():
                self._sample = samples[-1].sample
            await anyio.sleep(_SAMPLE_S)

    def _take_sample(self) -> RuntimeSamplePayload | None:
        """Return a sample that central does not have yet."""
        sample, self._sample = self._sample, None
        return sample

    def _apply(self, message: m.ApplySettings) -> None:
        """Take up central's settings; the central of a loan has none for this machine."""
        if self._loan is not None or self._tasks is None:
            return
        wanted = CentralSettings(version=message.version, settings=message.settings)
        self._tasks.start_soon(self._agent.settings_keeper.apply, wanted)
        if not self._reporting:
            # Not before: an older central would not know the message.
            self._reporting = True
            self._tasks.start_soon(self._report_settings)

    async def _report_settings(self) -> None:
        keeper = self._agent.settings_keeper
        reported = None
        while True:
            seen, report = keeper.changed.count, keeper.report()
            if report != reported:
                await self._send(m.encode(m.SettingsReported(report=report)))
                reported = report
            await keeper.changed.wait(seen)

    async def _pass_on(self, message: m.Go | m.Shorten | m.CancelJob) -> None:
        job = self._agent.jobs.get(message.job_id)
        if job is None:
            if isinstance(message, m.CancelJob):
                self._cancels[message.job_id] = message.reason
            return
        match message:
            case m.Go(heat=heat, at_ns=at_ns):
                await job.go(agent_worker.Go(heat=heat, at_ns=at_ns))
            case m.Shorten(rounds=rounds, lane_ids=lane_ids):
                await job.shorten(agent_worker.Shorten(rounds=rounds, lane_ids=lane_ids))
            case m.CancelJob(reason=reason):
                await job.cancel(reason)
            case _:
                assert_never(message)

    def _spawn(self, call: Callable[[T], Coroutine[Any, Any, None]], argument: T) -> None:
        if self._tasks is not None:
            self._tasks.start_soon(call, argument)

    async def _start(self, spec: JobSpec) -> None:
        if self._agent.jobs.get(spec.job_id) is not None:
            return
        if self._loan is not None:
            self._agent.loans.own(spec.job_id, self._loan)
        try:
            job = await self._agent.start(spec)
        except BenchraceError as error:
            await self._refuse(spec.job_id, error)
            return
        except Exception as error:
            # A defect here must end the run that it hits, and neither the link nor the agent.
            log.exception("job %s cannot be started", spec.job_id)
            what = f"the job cannot be started: {type(error).__name__}: {error}"
            await self._refuse(spec.job_id, BenchraceError(Category.SYSTEM, what))
            return
        if (reason := self._cancels.pop(spec.job_id, None)) is not None:
            await job.cancel(reason)

    async def _refuse(self, job_id: str, error: BenchraceError) -> None:
        await self._send(m.encode(m.JobRefused(job_id=job_id, failure=error.failure())))

    async def _answer(self, ask: m.Ask) -> None:
        await self._send(m.encode(await answer(self._agent, ask, self._announce)))
