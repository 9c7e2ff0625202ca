"""A central behind a real WebSocket server, and what is left of its runs."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.abc
import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchrace.central.central import Central
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.settings import CentralSettings, Limits
from benchrace.clock import Clock
from benchrace.events import RunLifecycle, Standing, decode
from benchrace.events import payloads as p
from benchrace.run.machine import MachineState
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary
from benchrace.store.run_folder import RunFolder
from benchrace.testing.limits import HANG_S
from benchrace.web.socket import SocketClosed
from tests.central.offer import TOKEN
from tests.central.scripted import FakeAgent
from tests.central.scripted_job import FakeJob


class Adapter:
    """A server's connection as central wants a socket."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes:
        try:
            return await self._socket.recv()
        except ConnectionClosed as error:
            raise SocketClosed(1006) from error

    async def send(self, data: str | bytes) -> None:
        try:
            await self._socket.send(data)
        except ConnectionClosed as error:
            raise SocketClosed(1006) from error


class Host:
    """A central that runs, its address, and what tests ask of it."""

    def __init__(self, central: Central, group: anyio.abc.TaskGroup, url: str) -> None:
        self.central = central
        self.group = group
        self.url = url

    def start(self, *agents: FakeAgent) -> None:
        for agent in agents:
            self.group.start_soon(agent.run, self.url)

    async def link(self, *agents: FakeAgent) -> None:
        """Start agents and wait until central can use them."""
        self.start(*agents)
        for agent in agents:
            await self.until(partial(self.is_ready, agent))
            await agent.linked.wait()

    def is_ready(self, agent: FakeAgent) -> bool:
        return self.state(agent) is MachineState.READY

    async def vanish(self, agent: FakeAgent) -> None:
        """Silence an agent on an open link, as a power failure does.

        What it said before has been heard when this returns.
        """
        agent.mute = agent.away = True
        before = agent.unanswered
        for machine in self.central.fleet:
            if machine.session is not None:
                machine.session.measure_clock()
        await self.until(lambda: agent.unanswered > before)
        await anyio.sleep(0.05)

    def state(self, agent: FakeAgent) -> MachineState | None:
        for status in self.central.machines():
            if status.view.machine_id == agent.machine_id:
                return status.view.state
        return None

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something that central or an agent shows."""
        with anyio.fail_after(HANG_S):
            while not true():  # noqa: ASYNC110 - what is waited for has no event
                await anyio.sleep(0.005)

    async def over(self, run_id: str) -> "Over":
        """Wait for a run's end and read what is left of it."""
        if (run := self.central.live(run_id)) is not None:
            with anyio.fail_after(HANG_S):
                await run.over.wait()
        return Over(self.central.runs_dir, run_id)

    def live(self, run_id: str) -> LiveRun:
        run = self.central.live(run_id)
        assert run is not None
        return run


class Over:
    """A finished run, read from its files."""

    def __init__(self, runs_dir: Path, run_id: str) -> None:
        self.folder = RunFolder.open(runs_dir, run_id)
        self.metadata: RunMetadata = self.folder.metadata
        self.state: RunState = self.metadata.state
        self.summary = msgspec.json.decode(self.folder.summary_path.read_bytes(), type=RunSummary)
        self.lines = self.folder.log_path.read_bytes().splitlines(keepends=True)
        self.events = [decode(line) for line in self.lines]

    def of(self, job: FakeJob) -> list[bytes]:
        """Return a job's lines, in the order of the log."""
        return [
            line
            for line, event in zip(self.lines, self.events, strict=True)
            if event.job_id == job.spec.job_id
        ]

    @property
    def heats(self) -> list[p.RunLifecyclePayload]:
        return [
            event.payload
            for event in self.events
            if isinstance(event, RunLifecycle) and event.payload.phase is p.RunPhase.HEAT_START
        ]

    @property
    def phases(self) -> list[str]:
        return [event.payload.phase for event in self.events if isinstance(event, RunLifecycle)]

    @property
    def standings(self) -> list[Standing]:
        return [event for event in self.events if isinstance(event, Standing)]


QUICK = Limits(
    patience_s=5.0,
    arrival_s=5.0,
    keep_waiting_s=0.3,
    end_s=2.0,
    ack_s=0.01,
    retry_s=0.02,
    tick_s=0.01,
)


class Moved:
    """The machine's clock, and what the test adds to it."""

    def __init__(self) -> None:
        self.ahead_ns = 0
        self.wall_ahead_s = 0.0

    def forward(self, seconds: float) -> None:
        self.ahead_ns += int(seconds * 1e9)

    def monotonic_ns(self) -> int:
        return time.monotonic_ns() + self.ahead_ns

    def wall_s(self) -> float:
        return time.time() + self.ahead_ns / 1e9 + self.wall_ahead_s

    def boottime_ns(self) -> int:
        return self.monotonic_ns()


class Data:
    """A data folder, on which one central after the other may run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.limits = QUICK
        self.hasty = msgspec.structs.replace(QUICK, patience_s=0.1)
        self.limits_of_a_fleet = Limits(tick_s=0.01, ack_s=0.01, retry_s=0.02)
        self.patient = msgspec.structs.replace(QUICK, keep_waiting_s=30.0)
        self.clock: Clock | None = None

    @asynccontextmanager
    async def host(self) -> AsyncIterator[Host]:
        """Run a central; leaving ends it as abruptly as a task can be ended."""
        settings = CentralSettings(data=self.path, token=TOKEN, limits=self.limits)
        central = Central(settings, clock=self.clock)
        await central.open()

        async def serve_link(socket: ServerConnection) -> None:
            await central.link(Adapter(socket), str(socket.remote_address[0]))

        async with (
            serve(serve_link, "127.0.0.1", 0, compression=None, max_size=1 << 20) as server,
            anyio.create_task_group() as group,
        ):
            group.start_soon(central.run)
            port = server.sockets[0].getsockname()[1]
            yield Host(central, group, f"ws://127.0.0.1:{port}")
            group.cancel_scope.cancel()
