"""An agent that does what a test says, on the other end of a real WebSocket."""

import time
from typing import Any

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from benchrace.errors import BenchraceError, Failure, NotFound
from benchrace.events import (
    Measured,
)
from benchrace.protocol import agent_central as m
from benchrace.protocol.artifacts import ArtifactAsk, ArtifactPiece
from benchrace.protocol.capabilities import Calibrated, Capabilities, LaneReadiness
from benchrace.protocol.version import PROTOCOL
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.states import JobPhase
from tests.central.offer import TOKEN, capabilities
from tests.central.scripted_job import FakeJob


class FakeAgent:
    """What central sees of a machine. Its jobs go on while the link is down."""

    def __init__(self, machine_id: str = "local", **changes: Any) -> None:
        self.machine_id = machine_id
        self.token: str | None = TOKEN
        self.protocol = PROTOCOL
        self.instance = f"{machine_id}-1"
        self.host_id = "one host"
        self.share_host = True
        self.clock = time.monotonic_ns
        self.clock_ns = 0
        self.elapsed_ns = 1_000_000
        self.jobs: dict[str, FakeJob] = {}
        self.phases: list[m.PhaseChanged] = []
        self.settled: set[str] = set()
        self.asks: list[m.Ask] = []
        self.files: dict[tuple[str, str], bytes] = {}
        self.pieces: list[ArtifactAsk] = []
        self.refused: m.Refused | None = None
        self.refuse_job: Failure | None = None
        self.calibrated, self.takes_settings = 1000, False
        self.linked = anyio.Event()
        self.mute = self.away = False
        self.opening, self.open_gate = anyio.Event(), anyio.Event()
        self.opening.set()
        self.open_gate.set()
        self._changed = anyio.Event()
        self.socket: ClientConnection | None = None
        self.links = self.refusals = self.unanswered = 0
        self.url, self.pause_s = "", 0.02
        for name, value in changes.items():
            assert hasattr(self, name), name
            setattr(self, name, value)

    # The script, for tests to replace

    def readiness(self, lane: JobLane) -> LaneReadiness:
        return LaneReadiness(lane_id=lane.lane_id, params={"threads": 1, **lane.params})

    def value(self, slot: Slot) -> float | None:
        return 100.0 + slot.round

    def measured(self, slot: Slot) -> tuple[Measured, ...]:
        return (Measured(metric="speed", value=self.value(slot)),)

    def record(self, slot: Slot) -> dict[str, Any]:
        return {}

    def capabilities(self) -> Capabilities:
        return capabilities(self.machine_id)

    async def round(self, slot: Slot) -> None:
        await self.open_gate.wait()

    async def late(self, heat: int) -> None:
        """Keep the others waiting at the line of `heat`."""

    async def answering(self, ask: m.Ask) -> None:
        """Take time over an answer."""

    def piece(self, ask: ArtifactAsk) -> bytes:
        """Return what a file has from an offset on; raises NotFound where there is none."""
        if (data := self.files.get((ask.job_id, ask.sha256))) is None:
            raise NotFound("the job has no such file", "Run it again.")
        return data[ask.offset : ask.offset + ask.limit]

    # The agent

    def now_ns(self) -> int:
        return self.clock() + self.clock_ns

    def notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def wait(self) -> None:
        await self._changed.wait()

    def revive(self) -> None:
        """Hear and speak again, over the link that may still be there, or over a new one."""
        self.mute = self.away = False
        self.notify()

    @property
    def job(self) -> FakeJob:
        (job,) = self.jobs.values()
        return job

    async def finished(self) -> None:
        """Wait for the end of the one job."""
        while not self.job.phase.final:
            await self.wait()

    async def run(self, url: str | None) -> None:
        """Link, and link again, until cancelled or refused for good; `self.url` may change."""
        self.url = url or self.url
        async with anyio.create_task_group() as self.work:
            while True:
                try:
                    while self.away:  # noqa: ASYNC110 - the test moves it by hand
                        await anyio.sleep(0.01)
                    async with connect(self.url, compression=None, max_size=1 << 20) as socket:
                        await self._serve(socket)
                except (OSError, ConnectionClosed, InvalidHandshake):
                    pass
                if self.refused is not None and self.refused.final:
                    return
                await anyio.sleep(self.pause_s)

    async def cut(self) -> None:
        """Lose the link without a word."""
        if self.socket is not None:
            self.socket.transport.abort()

    async def _serve(self, socket: ClientConnection) -> None:
        self.socket = socket
        reports = tuple(
            m.JobReport(
                job_id=job.spec.job_id,
                run_id=job.spec.run_id,
                phase=job.phase,
                heat=job.heat if job.phase is JobPhase.READY else None,
                lines={name: len(lines) for name, lines in job.lines.items()},
            )
            for job in self.jobs.values()
        )
        hello = m.Hello(
            protocol=self.protocol,
            version="0",
            token=self.token,
            instance=self.instance,
            host_id=self.host_id,
            share_host=self.share_host,
            capabilities=self.capabilities(),
            jobs=reports,
            takes_settings=self.takes_settings,
        )
        await socket.send(m.encode(hello))
        first = m.decode_from_central(await socket.recv())
        if isinstance(first, m.Refused):
            self.refused = first
            return
        assert isinstance(first, m.Welcome)
        self.phases = [
            m.PhaseChanged(job_id=job_id, phase=job.phase, heat=job.heat)
            for job_id, job in self.jobs.items()
            if job_id in first.resume
        ]
        self.links += 1
        self.linked.set()
        async with anyio.create_task_group() as group:
            resume = {job: dict(streams) for job, streams in first.resume.items()}
            self.settled = {report.job_id for report in reports} - resume.keys()
            group.start_soon(self._send_until_closed, socket, resume)
            try:
                while True:
                    await self._take(socket, m.decode_from_central(await socket.recv()))
            except ConnectionClosed:
                group.cancel_scope.cancel()

    async def _send_until_closed(
        self, socket: ClientConnection, sent: dict[str, dict[str, int]]
    ) -> None:
        try:
            await self._send(socket, sent)
        except ConnectionClosed:
            return

    async def _send(self, socket: ClientConnection, sent: dict[str, dict[str, int]]) -> None:
        while True:
            if self.mute:
                await self.wait()
                continue
            phases, self.phases = self.phases, []
            for job_id, job in self.jobs.items():
                for stream, lines in () if job_id in self.settled else job.lines.items():
                    start = sent.setdefault(job_id, {}).get(stream, 0)
                    if start < len(lines):
                        sent[job_id][stream] = len(lines)
                        await self.frame(socket, job_id, stream, start, lines[start:])
            for phase in phases:
                await socket.send(m.encode(phase))
            if not self.phases:
                await self.wait()

    async def frame(
        self, socket: ClientConnection, job_id: str, stream: str, first: int, lines: list[bytes]
    ) -> None:
        frame = m.Frame(job=job_id, stream=stream, first_seq=first, count=len(lines))
        await socket.send(m.pack(frame, b"".join(lines)))

    async def _take(self, socket: ClientConnection, message: m.FromCentral) -> None:
        now_ns = self.now_ns()
        match message:
            case m.Ping() if self.mute:
                self.unanswered += 1
            case _ if self.mute:
                pass  # It must not answer an order either: that would be heard.
            case m.Ping():
                pong = m.Pong(ping_id=message.ping_id, received_ns=now_ns, sent_ns=self.now_ns())
                await socket.send(m.encode(pong))
            case m.Ask():
                self.asks.append(message)
                self.work.start_soon(self._answer, socket, message)
            case m.StartJob() if self.refuse_job is not None:
                self.refusals += 1
                refusal = m.JobRefused(job_id=message.spec.job_id, failure=self.refuse_job)
                await socket.send(m.encode(refusal))
            case m.StartJob() if message.spec.job_id not in self.jobs:
                job = self.jobs[message.spec.job_id] = FakeJob(self, message.spec)
                self.work.start_soon(job.work)
            case m.Refused():
                self.refused = message
            case m.Go() | m.CancelJob() | m.Shorten() | m.Ack():
                if (addressed := self.jobs.get(message.job_id)) is not None:
                    addressed.receive(message)
            case _:
                pass

    async def _answer(self, socket: ClientConnection, ask: m.Ask) -> None:
        await self.answering(ask)
        result: object
        failure: Failure | None = None
        match ask.what:
            case "artifact":
                assert ask.artifact is not None
                self.pieces.append(ask.artifact)
                try:
                    result = ArtifactPiece(data=self.piece(ask.artifact))
                except BenchraceError as error:
                    result, failure = None, error.failure()
            case "preflight":
                result = [self.readiness(lane) for lane in ask.lanes]
            case "calibrate":
                result = [
                    Calibrated(lane_id=lane.lane_id, params={"n": self.calibrated})
                    for lane in ask.lanes
                ]
            case _:
                result = self.capabilities()
        try:
            await socket.send(m.encode(m.Answer(ask_id=ask.ask_id, result=result, failure=failure)))
        except ConnectionClosed:
            return
