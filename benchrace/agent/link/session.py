"""One link to central: lines are sent up, orders come down."""

import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar, assert_never

import anyio
import anyio.abc
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from benchrace import __version__
from benchrace.agent.agent import Agent
from benchrace.agent.jobs import artifacts
from benchrace.agent.jobs.agent_journal import count_lines
from benchrace.agent.jobs.job import Job
from benchrace.agent.link.link_operations import answer_ask
from benchrace.agent.link.outbox import JobOutbox
from benchrace.api.agents import LENT, LINKED, LoanRequest
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.protocol import agent_central as m
from benchrace.protocol import agent_worker
from benchrace.protocol.job import JobSpec
from benchrace.protocol.version import PROTOCOL, check

log = logging.getLogger(__name__)
T = TypeVar("T")
# Central reads a run's whole log before it welcomes an agent that has late lines of it.
_WELCOME_S = 60.0
_FORGOTTEN = "central does not want this run any more"


class Session:
    """`refused` is set where central said no; the link is then closed.

    The central of a `loan` hears of the jobs that it has given itself, and of no others: what it
    does not know would count as finished with.
    """

    def __init__(
        self,
        agent: Agent,
        socket: ClientConnection,
        token: str | None,
        loan: LoanRequest | None = None,
    ) -> None:
        self._agent = agent
        self._socket = socket
        self._token = token
        self._loan = loan
        self._outboxes: dict[str, JobOutbox] = {}
        self._settled: set[str] = set()
        self._cancels: dict[str, str] = {}
        self._announced = 0
        self._tasks: anyio.abc.TaskGroup | None = None
        self.refused: m.Refused | None = None

    async def run(self) -> None:
        """Serve the link until it is lost or refused."""
        try:
            welcome = await self._greet()
        except ConnectionClosed:
            return
        if welcome is None:
            return
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await self._resume(welcome)
            self._agent.link_state = LINKED if self._loan is None else LENT
            tasks.start_soon(self._receive)
            tasks.start_soon(self._send_lines)
            tasks.start_soon(self._send_capabilities)

    async def _greet(self) -> m.Welcome | None:
        agent = self._agent
        capabilities = await agent.capabilities.listed()
        # What changes between hello and welcome is sent after it.
        self._announced = agent.capabilities.changed.count
        reports = [await _report(job) for job in await self._wanted()]
        hello = m.Hello(
            protocol=PROTOCOL,
            version=__version__,
            token=self._token,
            instance=agent.instance,
            host_id=agent.host_id,
            share_host=agent.settings.share_host,
            # The rest follows as it is found out: a plugin that hangs must not keep us away.
            capabilities=capabilities,
            jobs=tuple(reports),
        )
        await self._socket.send(m.encode(hello))
        message: m.FromCentral | None = None
        with anyio.move_on_after(_WELCOME_S):
            message = m.decode_from_central(await self._socket.recv())
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

    async def _wanted(self) -> list[Job]:
        """List the runs' jobs of which central may lack something."""
        wanted = []
        for job in self._agent.jobs.all():
            if not self._concerns(job):
                continue
            if job.phase.final and await anyio.to_thread.run_sync(_is_acknowledged, job):
                self._settled.add(job.job_id)
            else:
                wanted.append(job)
        return wanted

    def _concerns(self, job: Job) -> bool:
        owner = self._agent.loans.owner(job.job_id)
        return job.spec.run_id is not None and owner is self._loan

    async def _resume(self, welcome: m.Welcome) -> None:
        for job in await self._wanted():
            if (resume := welcome.resume.get(job.job_id)) is not None:
                self._outboxes[job.job_id] = JobOutbox(job, resume)
                continue
            self._settled.add(job.job_id)
            if job.phase.final:
                await self._agent.jobs.acknowledge(job)
            else:
                await job.cancel(_FORGOTTEN)

    async def _send_lines(self) -> None:
        changed = self._agent.jobs.changed
        seen = changed.count - 1
        while True:
            seen = await changed.wait(seen)
            self._add_new()
            for outbox in tuple(self._outboxes.values()):
                # Taken before the lines are read: a final phase is sent after all of its lines.
                news, final = outbox.news(), outbox.job.phase.final
                try:
                    await self._drain(outbox)
                except OSError as error:
                    await self._drop(outbox, error)
                    continue
                outbox.drained(final=final)
                if news is not None:
                    await self._send(m.encode(news))
                await self._settle(outbox)

    async def _drop(self, outbox: JobOutbox, error: OSError) -> None:
        """Drop a job whose journal cannot be read, and report it; the others go on."""
        job_id = outbox.job.job_id
        log.warning("job %s: its journal cannot be read: %s", job_id, error)
        self._outboxes.pop(job_id, None)
        self._settled.add(job_id)
        what = f"the journal of job {job_id} cannot be read: {error}"
        await self._refuse(job_id, BenchraceError(Category.SYSTEM, what))

    def _add_new(self) -> None:
        for job in self._agent.jobs.all():
            tracked = job.job_id in self._outboxes or job.job_id in self._settled
            if self._concerns(job) and not tracked:
                self._outboxes[job.job_id] = JobOutbox(job, {})

    async def _drain(self, outbox: JobOutbox) -> None:
        for name, sent in outbox.unread():
            while True:
                # The first read may have to pass over a long journal to get to its place.
                parcel = (
                    await anyio.to_thread.run_sync(outbox.next, name)
                    if sent.fresh
                    else outbox.next(name)
                )
                if parcel is None:
                    break
                await self._send(m.pack(parcel.frame, parcel.lines))

    async def _settle(self, outbox: JobOutbox) -> None:
        job = outbox.job
        if outbox.finished and self._outboxes.pop(job.job_id, None) is not None:
            self._settled.add(job.job_id)
            await self._agent.jobs.acknowledge(job)

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
        except ConnectionClosed:
            self._end()

    def _end(self) -> None:
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def _receive(self) -> None:
        clock = self._agent.clock
        while True:
            try:
                data = await self._socket.recv()
            except ConnectionClosed:
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
                )
                await self._send(m.encode(pong))
            case m.Ack(job_id=job_id, stream=stream, next_seq=next_seq):
                if (outbox := self._outboxes.get(job_id)) is not None:
                    outbox.acknowledged(stream, next_seq)
                    await self._settle(outbox)
            case m.StartJob(spec=spec):
                self._spawn(self._start, spec)
            case m.Ask():
                self._spawn(self._answer, message)
            case m.Go() | m.Shorten() | m.CancelJob():
                await self._pass_on(message)
            case m.Refused():
                self.refused = message
                self._end()
            case m.Welcome():
                log.warning("central: a second welcome was ignored")
            case _:
                assert_never(message)

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
        capabilities = self._agent.capabilities
        try:
            match ask.what:
                case "probe":
                    result: object = await capabilities.refresh()
                case "preflight":
                    result = await capabilities.preflight(ask.kind or "", ask.lanes)
                    # A run stores what is known of its machines: that must not come too late.
                    await self._announce()
                case "calibrate":
                    result = await capabilities.calibrate(ask.kind or "", ask.lanes)
                case "operate" | "follow" | "reset":
                    result = await answer_ask(self._agent.operations, ask)
                case "artifact":
                    result = await artifacts.piece(self._agent.jobs, ask.artifact)
                case _:
                    assert_never(ask.what)
            answer = m.Answer(ask_id=ask.ask_id, result=result)
        except BenchraceError as error:
            answer = m.Answer(ask_id=ask.ask_id, failure=error.failure())
        except Exception as error:
            log.exception("central's question %s cannot be answered", ask.what)
            what = f"{ask.what} failed: {type(error).__name__}: {error}"
            failure = BenchraceError(Category.SYSTEM, what, "Check the agent's log.").failure()
            answer = m.Answer(ask_id=ask.ask_id, failure=failure)
        await self._send(m.encode(answer))


async def _report(job: Job) -> m.JobReport:
    folder = job.folder
    work = await anyio.to_thread.run_sync(_count, folder.work)
    own = await anyio.to_thread.run_sync(_count, folder.agent)
    return m.JobReport(
        job_id=job.job_id,
        run_id=job.spec.run_id,
        phase=job.phase,
        heat=job.heat,
        lines={"work": work, "agent": own},
    )


def _count(path: Path) -> int:
    try:
        return count_lines(path)
    except OSError as error:
        log.warning("a journal cannot be read: %s", error)
        return 0


def _is_acknowledged(job: Job) -> bool:
    return job.folder.acknowledged
