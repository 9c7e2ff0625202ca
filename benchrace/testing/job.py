"""Run real workers: a job on a folder, or a question, as an agent does."""

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
from benchrace.plugin.entry_points import PluginRef
from benchrace.run.control import (
    AnyOrder,
    FromWorker,
    JobOrder,
    Noted,
    PhaseNow,
    Progressed,
    Reply,
    ToWorker,
    decode_from_worker,
    encode,
)
from benchrace.run.job import JobLane, JobSpec, Slot
from benchrace.run.spec import Order

JOURNAL = "work.ndjson"


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What is left of a job: exit status, journal, the phases said, standard error."""

    status: int
    events: tuple[Known | Unknown, ...]
    phases: tuple[PhaseNow, ...]
    log: str

    @property
    def end(self) -> Any:
        """The last event."""
        return self.events[-1]

    def of(self, event: type[Event]) -> list[Any]:
        """List the events of one type."""
        return [each for each in self.events if isinstance(each, event)]


def plugin_ref(module: str, name: str | None = None) -> PluginRef:
    """Refer to a plugin's module as its entry point would."""
    return PluginRef(
        name=name or module.rpartition(".")[2], module=module, distribution=None, version=None
    )


def job_lane(index: int, backend: str, params: Mapping[str, Any] | None = None) -> JobLane:
    """Make the lane at `index`."""
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
    """Plan a job by hand. `armed` arms the first heat; lanes take turns unless contiguous."""
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
    """Order `spec` to be run in `folder`, from now on."""
    return JobOrder(
        plugins=tuple(plugins),
        config=dict(config or {}),
        spec=spec,
        folder=str(folder),
        t0_ns=time.monotonic_ns(),
        boot_id=None,
    )


class Worker:
    """A worker process; leaving the context kills it if it still lives."""

    def __init__(self, order: AnyOrder, environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            # -P: what lies in the working folder is no part of the worker.
            [sys.executable, "-P", "-m", "benchrace.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        self._log: list[bytes] = []
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()
        self.say(order)

    def say(self, said: AnyOrder | ToWorker) -> None:
        """Write one line to the worker; one that has ended does not mind."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(encode(said))
            self.process.stdin.flush()
        except BrokenPipeError:
            return

    def hang_up(self) -> None:
        """Close the worker's input, as an agent that dies does."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def hear(self) -> FromWorker | None:
        """Wait for the worker's next line; None at its end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return decode_from_worker(line) if line else None

    def wait(self, timeout_s: float = 30.0) -> int:
        """Wait for the worker to end; gives its exit status, negative for a signal."""
        return self.process.wait(timeout_s)

    @property
    def log(self) -> str:
        """What it wrote to standard error; complete once it has ended."""
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
    with Worker(job_order(spec, folder, plugins, config), environment) as worker:
        phases = []
        while (said := worker.hear()) is not None:
            if isinstance(said, PhaseNow):
                phases.append(said)
        status = worker.wait(timeout_s)
        return JobResult(
            status=status, events=read_journal(folder), phases=tuple(phases), log=worker.log
        )


def ask(order: AnyOrder, environment: Mapping[str, str] | None = None) -> Reply | None:
    """Put a question to a worker of its own; None where it ended without an answer."""
    with Worker(order, environment) as worker:
        while isinstance(said := worker.hear(), Progressed | Noted):
            pass
        worker.wait()
        return said if isinstance(said, Reply) else None
