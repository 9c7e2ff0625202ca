"""Run real workers as an agent does: for a job in a folder, or for a question."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchrace.events import Event, Known, Unknown, decode
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.protocol.agent_worker import (
    AnyOrder,
    FromWorker,
    JobOrder,
    Noted,
    PhaseNow,
    Progressed,
    Reply,
    ToWorker,
    WorkerSetup,
    decode_from_worker,
    encode,
)
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.spec import Order

JOURNAL = "work.ndjson"


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """The outcome of a job: exit status, journal, reported phases, standard error."""

    status: int
    events: tuple[Known | Unknown, ...]
    phases: tuple[PhaseNow, ...]
    log: str

    @property
    def end(self) -> Any:
        """The last event."""
        return self.events[-1]

    def of(self, event: type[Event]) -> list[Any]:
        """Return the events of one type."""
        return [entry for entry in self.events if isinstance(entry, event)]


def plugin_ref(module: str, name: str | None = None) -> PluginRef:
    """Return a reference to a plugin's module, like that of its entry point."""
    return PluginRef(
        name=name or module.rpartition(".")[2], module=module, distribution=None, version=None
    )


def job_lane(index: int, backend: str, params: Mapping[str, Any] | None = None) -> JobLane:
    """Return the lane at `index`."""
    return JobLane(
        lane_id=f"lane-{index}", label=f"lane {index}", backend=backend, params=dict(params or {})
    )


def job_spec(
    kind: str,
    lanes: Sequence[JobLane],
    *,
    rounds: int = 2,
    warmup: int = 1,
    order: Order = Order.CONTIGUOUS,
    armed: bool = False,
    timeout_s: float = 60.0,
) -> JobSpec:
    """Plan a job; `armed` arms the first heat, and lanes take turns unless contiguous."""
    slots: list[Slot] = []
    per_lane = [
        [
            Slot(lane_id=lane.lane_id, round=number, warmup=number < warmup)
            for number in range(warmup + rounds)
        ]
        for lane in lanes
    ]
    if order is Order.CONTIGUOUS:
        slots = [slot for of_lane in per_lane for slot in of_lane]
    else:
        slots = [slot for turn in zip(*per_lane, strict=True) for slot in turn]
    schedule, heat = [], 0
    for slot in slots:
        if slot.warmup:
            schedule.append(slot)
            continue
        schedule.append(
            Slot(lane_id=slot.lane_id, round=slot.round, heat=heat, armed=armed and heat == 0)
        )
        heat += 1
    return JobSpec(
        run_id=None,
        job_id="j" + "0" * 16,
        machine_id="here",
        kind=kind,
        lanes=tuple(lanes),
        schedule=tuple(schedule),
        order=order,
        salt="salt",
        timeout_s=timeout_s,
    )


def job_order(
    spec: JobSpec,
    folder: Path,
    plugins: Sequence[PluginRef],
    config: Mapping[str, dict[str, Any]] | None = None,
) -> JobOrder:
    """Return the order to run `spec` in `folder` now."""
    return JobOrder(
        setup=WorkerSetup(plugins=tuple(plugins), config=dict(config or {})),
        spec=spec,
        folder=str(folder),
        t0_ns=time.monotonic_ns(),
        boot_id=None,
    )


def start_worker(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a worker process, with pipes for its standard streams."""
    return subprocess.Popen(
        # -P: the worker must not import modules from the working folder.
        [sys.executable, "-P", "-m", "benchrace.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
    )


class Worker:
    """A worker process; leaving the context kills it if it is still running."""

    def __init__(self, order: AnyOrder, environment: Mapping[str, str] | None = None) -> None:
        self.process = start_worker({**os.environ, **(environment or {})})
        self._log: list[bytes] = []
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()
        self.say(order)

    def say(self, message: AnyOrder | ToWorker) -> None:
        """Write one line to the worker; ignored if the worker has ended."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(encode(message))
            self.process.stdin.flush()
        except BrokenPipeError:
            return

    def hang_up(self) -> None:
        """Close the worker's input, as an agent that dies does."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def hear(self) -> FromWorker | None:
        """Read the worker's next line; None at its end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return decode_from_worker(line) if line else None

    def wait(self, timeout_s: float = 30.0) -> int:
        """Wait for the worker to end; return its exit status, negative for a signal."""
        return self.process.wait(timeout_s)

    @property
    def log(self) -> str:
        """Its standard error so far; complete once it has ended."""
        if self.process.poll() is not None:
            self._reader.join(5)
        return b"".join(self._log).decode(errors="replace")

    def _drain(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._log.append(line)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


def read_journal(folder: Path) -> tuple[Known | Unknown, ...]:
    """Decode every whole line of a job's work stream."""
    path = folder / JOURNAL
    data = path.read_bytes() if path.exists() else b""
    return tuple(decode(line) for line in data.split(b"\n")[:-1])


def run_job(
    spec: JobSpec,
    folder: Path,
    plugins: Sequence[PluginRef],
    *,
    config: Mapping[str, dict[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 30.0,
) -> JobResult:
    """Run a job to its end in a worker of its own."""
    return run_order(
        job_order(spec, folder, plugins, config), environment=environment, timeout_s=timeout_s
    )


def run_order(
    order: JobOrder, *, environment: Mapping[str, str] | None = None, timeout_s: float = 30.0
) -> JobResult:
    """Run an order of a job to its end in a worker of its own."""
    with Worker(order, environment) as worker:
        phases = []
        while (message := worker.hear()) is not None:
            if isinstance(message, PhaseNow):
                phases.append(message)
        status = worker.wait(timeout_s)
        return JobResult(
            status=status,
            events=read_journal(Path(order.folder)),
            phases=tuple(phases),
            log=worker.log,
        )


def ask(order: AnyOrder, environment: Mapping[str, str] | None = None) -> Reply | None:
    """Send a question to a worker of its own; None if it ended without an answer."""
    with Worker(order, environment) as worker:
        while isinstance(message := worker.hear(), Progressed | Noted):
            pass
        worker.wait()
        return message if isinstance(message, Reply) else None
