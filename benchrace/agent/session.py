"""One link from its hello to its loss: lines go up, orders come down."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, assert_never

import anyio
import anyio.abc
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from benchrace import __version__
from benchrace.agent import artifacts
from benchrace.agent.agent import Agent
from benchrace.agent.job import Job
from benchrace.agent.operating import operated
from benchrace.agent.outbox import JobOutbox
from benchrace.agent.stream import count_lines
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.link import messages as m
from benchrace.link.version import PROTOCOL, check
from benchrace.run import control
from benchrace.run.job import JobSpec

log = logging.getLogger(__name__)
T = TypeVar("T")
# Central reads a run's whole log before it welcomes an agent that has late lines of it.
_WELCOME_S = 60.0
_FORGOTTEN = "central does not want this run any more"


class Session:
    """`refused` is set where central said no; the link is then closed."""

    def __init__(self, agent: Agent, socket: ClientConnection, token: str | None) -> None:
        self._agent = agent
        self._socket = socket
        self._token = token
        self._outboxes: dict[str, JobOutbox] = {}
        self._settled: set[str] = set()
        self._cancels: dict[str, str] = {}
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
            self._agent.link_state = "linked"
            tasks.start_soon(self._receive)
            tasks.start_soon(self._send_lines)
            tasks.start_soon(self._send_capabilities)

    async def _greet(self) -> m.Welcome | None:
        agent = self._agent
        known = await agent.abilities.known()
        reports = [await _report(job) for job in await self._wanted()]
        hello = m.Hello(
            protocol=PROTOCOL,
            version=__version__,
            token=self._token,
            instance=agent.instance,
            host_id=agent.host_id,
            share_host=agent.settings.share_host,
            capabilities=known,
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
                    remedy="Check that the address is a benchrace central's.",
                )
                self.refused = m.Refused(failure=failure, final=False)
        return None

    async def _wanted(self) -> list[Job]:
        """List the runs' jobs of which central may lack something."""
        wanted = []
        for job in self._agent.jobs.all():
            if job.spec.run_id is None:
                continue
            if job.phase.final and await anyio.to_thread.run_sync(_is_acknowledged, job):
                self._settled.add(job.job_id)
            else:
                wanted.append(job)
        return wanted

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
                # Taken before the lines are read: who hears of an end has all of its lines.
                news, final = outbox.news(), outbox.job.phase.final
                await self._drain(outbox)
                outbox.drained(final=final)
                if news is not None:
                    await self._send(m.encode(news))
                await self._settle(outbox)

    def _add_new(self) -> None:
        for job in self._agent.jobs.all():
            known = job.job_id in self._outboxes or job.job_id in self._settled
            if job.spec.run_id is not None and not known:
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
        abilities = self._agent.abilities
        seen = abilities.changed.count
        while True:
            seen = await abilities.changed.wait(seen)
            if abilities.current is not None:
                await self._send(m.encode(m.CapabilitiesChanged(capabilities=abilities.current)))

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
            await self._heard(message, received_ns)

    async def _heard(self, message: m.FromCentral, received_ns: int) -> None:
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
                log.warning("central: a second welcome was left unread")
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
                await job.go(control.Go(heat=heat, at_ns=at_ns))
            case m.Shorten(rounds=rounds, lane_ids=lane_ids):
                await job.shorten(control.Shorten(rounds=rounds, lane_ids=lane_ids))
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
        try:
            job = await self._agent.start(spec)
        except BenchraceError as error:
            refused = m.JobRefused(job_id=spec.job_id, failure=error.failure())
            await self._send(m.encode(refused))
            return
        if (reason := self._cancels.pop(spec.job_id, None)) is not None:
            await job.cancel(reason)

    async def _answer(self, ask: m.Ask) -> None:
        abilities = self._agent.abilities
        try:
            match ask.what:
                case "probe":
                    result: object = await abilities.refresh()
                case "preflight":
                    result = await abilities.preflight(ask.kind or "", ask.lanes)
                case "calibrate":
                    result = await abilities.calibrate(ask.kind or "", ask.lanes)
                case "operate" | "follow" | "reset":
                    result = await operated(self._agent.operations, ask)
                case "artifact":
                    result = await artifacts.piece(self._agent.jobs, ask.artifact)
                case _:
                    assert_never(ask.what)
            answer = m.Answer(ask_id=ask.ask_id, result=result)
        except BenchraceError as error:
            answer = m.Answer(ask_id=ask.ask_id, failure=error.failure())
        await self._send(m.encode(answer))


async def _report(job: Job) -> m.JobReport:
    folder = job.folder
    work = await anyio.to_thread.run_sync(count_lines, folder.work)
    own = await anyio.to_thread.run_sync(count_lines, folder.agent)
    return m.JobReport(
        job_id=job.job_id,
        run_id=job.spec.run_id,
        phase=job.phase,
        heat=job.heat,
        lines={"work": work, "agent": own},
    )


def _is_acknowledged(job: Job) -> bool:
    return job.folder.acknowledged
