"""A run that is not over: its log and the state read from it, its jobs, and a pending cancel."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import msgspec
from anyio import lowlevel, to_thread

from benchrace.central.disk import Disk
from benchrace.central.runs.job import Job
from benchrace.central.runs.log_writer import LogWriter
from benchrace.central.runs.progress import RunProgress
from benchrace.central.runs.start.groups import StartKey
from benchrace.central.settings import Limits
from benchrace.clock import Clock, WallSteps
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events import ClockStep, Log, RunLifecycle, Standing, Stream, encode
from benchrace.events.payloads import (
    ClockStepPayload,
    LogPayload,
    RunLifecyclePayload,
    StandingPayload,
)
from benchrace.notifier import Notifier
from benchrace.protocol.agent_central import Ack, Frame
from benchrace.protocol.job import JobSpec, jobs
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.stats.fold import Fold
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import Gap, RunLog
from benchrace.view.lines import without_output

OwnPayload = RunLifecyclePayload | StandingPayload | ClockStepPayload | LogPayload
_KINDS = {
    RunLifecyclePayload: RunLifecycle,
    StandingPayload: Standing,
    ClockStepPayload: ClockStep,
    LogPayload: Log,
}
AGENT_STREAMS = (Stream.WORK, Stream.AGENT)


class LiveRun:
    """`log` is the truth; `progress` and `fold` are readers of it that are never behind.

    `started` are the heats that have begun, by number and lane. `cancel` is the reason of a cancel
    that was asked for. `reopened` says that the run was over once, and has lines to come; `closing`
    that it takes no more. `lending` are the worker machines that are lent to its lanes now, and
    `lost` says why lanes lack one, by lane. `changed` wakes on anything that the controller or a
    viewer of the state may care about.
    """

    def __init__(
        self, folder: RunFolder, log: RunLog, disk: Disk, limits: Limits, clock: Clock
    ) -> None:
        self.folder = folder
        self.log = log
        self._saving = anyio.Lock()
        self._cancellable: anyio.CancelScope | None = None
        self.writer = LogWriter(
            log=log,
            disk=disk,
            limits=limits,
            clock=clock,
            metadata=self._saving,
        )
        self.changed = Notifier()
        self.jobs: dict[str, Job] = {}
        self.started: set[StartKey] = set()
        self.cancel: str | None = None
        self.lending: set[str] = set()
        self.lost: dict[str, Failure] = {}
        self.reopened = folder.metadata.state.final
        self.closing = False
        self.over = anyio.Event()
        self._disk = disk
        self._limits = limits
        self._clock = clock
        # Since the run was made, also after a restart; the wall clock is all that outlives one.
        age_s = max(0.0, clock.wall_s() - folder.metadata.created_at)
        self._began_ns = clock.monotonic_ns() - int(age_s * 1e9)
        self._steps = WallSteps(clock)
        self._pending: deque[Callable[[int], bytes]] = deque()
        self._unsynced: deque[tuple[int, Callable[[int], bytes]]] = deque()
        self._reset_readers()

    @property
    def run_id(self) -> str:
        return self.folder.metadata.run_id

    @property
    def metadata(self) -> RunMetadata:
        return self.folder.metadata

    @property
    def machine_ids(self) -> frozenset[str]:
        return frozenset(name for lane in self.metadata.lanes for name in lane.occupies)

    def is_over(self, job: Job) -> bool:
        """Check whether nothing more is expected of a job."""
        return job.job_id in self.progress.ends or job.failure is not None

    def ask_cancel(self, reason: str) -> None:
        """Note that the run is to end; the first reason stays."""
        if self.cancel is None:
            self.cancel = reason
            if self._cancellable is not None:
                self._cancellable.cancel()
            self.changed.notify()

    @contextmanager
    def until_cancelled(self) -> Iterator[None]:
        """Leave what is within as soon as the run is to be cancelled."""
        with anyio.CancelScope() as scope:
            if self.cancel is not None:
                scope.cancel()
            self._cancellable = scope
            try:
                yield
            finally:
                self._cancellable = None

    def make_jobs(self) -> None:
        """Create the jobs that the metadata names."""
        self.jobs = {
            spec.job_id: Job(spec, held=self._waits_for_peers(spec)) for spec in jobs(self.metadata)
        }
        self._reset_readers()

    def release(self, job: Job) -> None:
        """Allow a held job to be sent, as the metadata have it now."""
        spec = next(spec for spec in jobs(self.metadata) if spec.job_id == job.job_id)
        job.release(spec, self._clock.monotonic_ns())

    def workers_of(self, job: Job) -> list[tuple[str, str]]:
        """List the machines that are to be lent to lanes of a job: each lane's id and machine."""
        own = {lane.lane_id for lane in job.spec.lanes}
        return [
            (lane.lane_id, machine_id)
            for lane in self.metadata.lanes
            if lane.lane_id in own
            for machine_id in lane.workers
        ]

    def _waits_for_peers(self, spec: JobSpec) -> bool:
        peers = {lane.lane_id: lane.peers for lane in spec.lanes}
        return any(
            lane.workers and not peers[lane.lane_id]
            for lane in self.metadata.lanes
            if lane.lane_id in peers
        )

    async def replay(self) -> None:
        """Read the log from its beginning, yielding to other tasks."""
        self._reset_readers()
        # A log may have gigabytes: other runs and links must not wait until it is read.
        while self._read_once():
            await lowlevel.checkpoint()
        # Also where central was killed between a run's last line and its state.
        self.reopened = self.reopened or (self.progress.ended and bool(self.jobs))
        for job in self.jobs.values():
            for stream in AGENT_STREAMS:
                self.writer.note_stored(job.job_id, stream)
            if self.reopened:
                self._expect_nothing(job)

    def _expect_nothing(self, job: Job) -> None:
        """Expect nothing of a job whose run is over, until its agent offers it."""
        job.gone = True
        if job.job_id not in self.progress.ends:
            job.failure = BenchraceError(
                Category.INTERRUPTED, f"{job.machine_id} was lost before its job's end"
            ).failure()

    async def sync(self, post: Callable[[Ack], None]) -> None:
        """Make what is written survive a power loss, and post acknowledgements, until the end."""
        # The writer gets this run here and does not keep it: two that hold each other would stay,
        # with the log's open file, until garbage is collected.
        await self.writer.run(post, self._rewound)

    async def save(self, **changes: object) -> None:
        """Change the metadata, on disk and here; waits for a disk that refuses."""

        async def write() -> None:
            async with self._saving:
                changed = msgspec.structs.replace(self.metadata, **changes)
                await to_thread.run_sync(self.folder.save, changed)

        await self._disk.retry(write)
        self.changed.notify()

    async def take(self, job: Job, frame: Frame, lines: bytes, alive: Callable[[], None]) -> None:
        """Store lines of a job; those of one that broke the protocol end it, as `bad_output`.

        Holds them while the disk refuses, calling `alive`. Raises `Gap` where some are missing,
        and once the run is closing: its summary is to be what the log says. The agent links
        again then, offers what was not acknowledged, and so opens the run again.
        """
        if self.closing:
            raise Gap(self.log.next_seq(frame.job, frame.stream))
        try:
            new = await self.writer.take(frame, lines, alive)
        except BenchraceError as error:
            if error.category is not Category.BAD_OUTPUT:
                raise
            job.failure = error.failure()
            self.changed.notify()
            return
        if new:
            self._read()

    def emit(self, payload: OwnPayload, lane_id: str | None = None) -> None:
        """Add an event of central's own; one that the disk refuses is written later."""
        # A step of the clock is written before the events that are stamped after it.
        self.note_clock()
        kind, run_id = _KINDS[type(payload)], self.run_id
        t_ns = self._clock.monotonic_ns() - self._began_ns
        wall_s = self._clock.wall_s()

        def event(seq: int) -> bytes:
            return encode(
                kind(
                    run_id=run_id,
                    job_id=None,
                    machine_id=None,
                    lane_id=lane_id,
                    round=None,
                    stream=Stream.CENTRAL,
                    seq=seq,
                    t_ns=t_ns,
                    timestamp_s=wall_s,
                    payload=payload,
                )
            )

        # The event gets its number when it is written, not now: while the disk refuses, or after
        # the log went back, a number that is taken here could be another event's.
        self._pending.append(event)
        self.emit_pending()

    def note_clock(self) -> None:
        """Emit a step of central's wall clock, if one happened while the run is on."""
        step_s = self._steps.look()
        if step_s is not None and self.metadata.state is RunState.RUNNING:
            self.emit(ClockStepPayload(step_s=step_s))

    def emit_pending(self) -> bool:
        """Write the events that the disk refused before; true where none is left."""
        while self._pending and not self.log.closed and self.writer.write_own(self._pending[0]):
            self._unsynced.append((self.log.size, self._pending.popleft()))
            self._read()
        # Written is not yet safe: until a sync has covered an event, it may be needed again.
        while self._unsynced and self._unsynced[0][0] <= self.writer.synced:
            self._unsynced.popleft()
        return not self._pending

    def _read(self) -> None:
        while self._read_once():
            pass

    def _read_once(self) -> bool:
        lines = self.log.read(self._offset)
        if not lines:
            return False
        self._offset += len(lines)
        # Looked through once: what is left out is most of a fast run, and says nothing to either.
        lines = without_output(lines)
        self.fold.feed(lines)
        noted = self.progress.feed(lines)
        if noted.rounds or noted.ends:
            self.writer.hurry()
        if noted.rounds or noted.ends or noted.starts:
            self.changed.notify()
        return True

    def _rewound(self) -> None:
        # The log went back to what the disk has. Agents send their lines again; central's own
        # events have no other copy, so those that were cut off are queued again, in order. The fold
        # cannot unlearn lines: the readers start again from the beginning.
        lost = [event for end, event in self._unsynced if end > self.log.size]
        self._unsynced.clear()
        self._pending.extendleft(reversed(lost))
        self._reset_readers()
        self._read()
        self.changed.notify()

    def _reset_readers(self) -> None:
        self._offset = 0
        self.progress = RunProgress(job.spec for job in self.jobs.values())
        self.fold = Fold(self.metadata)
