"""A run that is not over: its log and what is known from it, its jobs, and what was asked of it."""

from collections import deque
from collections.abc import Callable

import anyio
import msgspec
from anyio import lowlevel, to_thread

from benchrace.central.disk import REFUSALS, Disk
from benchrace.central.job import Job
from benchrace.central.keeper import Keeper
from benchrace.central.settings import Limits
from benchrace.central.signal import Signal
from benchrace.central.watch import Watch
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.events import RunLifecycle, Standing, Stream, encode
from benchrace.events.payloads import RunLifecyclePayload, StandingPayload
from benchrace.link.messages import Frame
from benchrace.run import plan
from benchrace.run.metadata import RunMetadata
from benchrace.stats.fold import Fold
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import Gap, RunLog

Own = RunLifecyclePayload | StandingPayload
AGENT_STREAMS = (Stream.WORK, Stream.AGENT)


class LiveRun:
    """`log` is the truth; `watch` and `fold` are readers of it that are never behind.

    `gone` are the heats that have begun, by number. `cancel` is the reason of a cancel that was
    asked for. `reopened` says that the run was over once, and has lines to come. `closing` that
    it takes no more. `changed` wakes on anything that the conductor or a viewer of the state may
    care about.
    """

    def __init__(
        self, folder: RunFolder, log: RunLog, disk: Disk, limits: Limits, clock: Clock
    ) -> None:
        self.folder = folder
        self.log = log
        self._saving = anyio.Lock()
        self.keeper = Keeper(log, disk, limits, clock, self._rewound, self._saving)
        self.changed = Signal()
        self.jobs: dict[str, Job] = {}
        self.gone: set[int] = set()
        self.cancel: str | None = None
        self.reopened = folder.metadata.state.final
        self.closing = False
        self.cancelled = anyio.Event()
        self.over = anyio.Event()
        self._disk = disk
        self._limits = limits
        self._clock = clock
        # Since the run was made, also after a restart; the wall clock is all that outlives one.
        age_s = max(0.0, clock.wall_s() - folder.metadata.created_at)
        self._began_ns = clock.monotonic_ns() - int(age_s * 1e9)
        self._unsaid: deque[Callable[[int], bytes]] = deque()
        self._unsynced: deque[tuple[int, Callable[[int], bytes]]] = deque()
        self._forget()

    @property
    def run_id(self) -> str:
        return self.folder.metadata.run_id

    @property
    def metadata(self) -> RunMetadata:
        return self.folder.metadata

    @property
    def machine_ids(self) -> frozenset[str]:
        return frozenset(lane.machine_id for lane in self.metadata.lanes)

    def is_over(self, job: Job) -> bool:
        """Tell whether nothing more is expected of a job."""
        return job.job_id in self.watch.ends or job.failure is not None

    def ask_cancel(self, reason: str) -> None:
        """Remember that the run is to end; the first reason stays."""
        if self.cancel is None:
            self.cancel = reason
            self.cancelled.set()
            self.changed.notify()

    def make_jobs(self) -> None:
        """Make the jobs that the metadata names."""
        self.jobs = {spec.job_id: Job(spec) for spec in plan.jobs(self.metadata)}
        self._forget()

    async def replay(self) -> None:
        """Read the log from its beginning, letting others have their turn."""
        self._forget()
        while self._read_once():
            await lowlevel.checkpoint()
        # Also where central was killed between a run's last line and its state.
        self.reopened = self.reopened or (self.watch.ended and bool(self.jobs))
        for job in self.jobs.values():
            for stream in AGENT_STREAMS:
                self.keeper.found(job.job_id, stream)
            if self.reopened:
                self._let_go(job)

    def _let_go(self, job: Job) -> None:
        """Expect nothing of a job whose run is over, until its agent offers it."""
        job.gone = True
        if job.job_id not in self.watch.ends:
            job.failure = BenchraceError(
                Category.INTERRUPTED, f"{job.machine_id} was lost before its job's end"
            ).failure()

    async def save(self, **changes: object) -> None:
        """Change the metadata, on disk and here; waits for a disk that refuses."""
        while True:
            try:
                async with self._saving:
                    changed = msgspec.structs.replace(self.metadata, **changes)
                    await to_thread.run_sync(self.folder.save, changed)
            except BenchraceError as error:
                if error.category not in REFUSALS:
                    raise
                self._disk.refused(error)
                await anyio.sleep(self._limits.retry_s)
            else:
                self.changed.notify()
                return

    async def take(self, job: Job, frame: Frame, lines: bytes, alive: Callable[[], None]) -> None:
        """Store lines of a job; those of one that broke the protocol end it, as `bad_output`.

        Holds them while the disk refuses, calling `alive`. Raises `Gap` where some are missing,
        and once the run is closing: its summary is to be what the log says. The agent links
        again then, offers what was not acknowledged, and so opens the run again.
        """
        if self.closing:
            raise Gap(self.log.next_seq(frame.job, frame.stream))
        try:
            new = await self.keeper.take(frame, lines, alive)
        except BenchraceError as error:
            if error.category is not Category.BAD_OUTPUT:
                raise
            job.failure = error.failure()
            self.changed.notify()
            return
        if new:
            self._read()

    def say(self, payload: Own) -> None:
        """Add an event of central's own; one that the disk refuses is said when it heals."""
        kind = RunLifecycle if isinstance(payload, RunLifecyclePayload) else Standing
        t_ns = self._clock.monotonic_ns() - self._began_ns
        wall_s = self._clock.wall_s()

        def event(seq: int) -> bytes:
            return encode(
                kind(
                    run_id=self.run_id,
                    job_id=None,
                    machine_id=None,
                    lane_id=None,
                    round=None,
                    stream=Stream.CENTRAL,
                    seq=seq,
                    t_ns=t_ns,
                    timestamp_s=wall_s,
                    payload=payload,  # type: ignore[arg-type]
                )
            )

        self._unsaid.append(event)
        self.say_on()

    def say_on(self) -> bool:
        """Say what the disk refused before; true where nothing is left."""
        while self._unsaid and not self.log.closed and self.keeper.own(self._unsaid[0]):
            self._unsynced.append((self.log.size, self._unsaid.popleft()))
            self._read()
        while self._unsynced and self._unsynced[0][0] <= self.keeper.synced:
            self._unsynced.popleft()
        return not self._unsaid

    def _read(self) -> None:
        while self._read_once():
            pass

    def _read_once(self) -> bool:
        lines = self.log.read(self._offset)
        if not lines:
            return False
        self._offset += len(lines)
        self.fold.feed(lines)
        noted = self.watch.feed(lines)
        if noted.rounds or noted.ends:
            self.keeper.hurry()
        if noted.rounds or noted.ends or noted.starts:
            self.changed.notify()
        return True

    def _rewound(self) -> None:
        lost = [event for end, event in self._unsynced if end > self.log.size]
        self._unsynced.clear()
        self._unsaid.extendleft(reversed(lost))
        self._forget()
        self._read()
        self.changed.notify()

    def _forget(self) -> None:
        self._offset = 0
        self.watch = Watch(job.spec for job in self.jobs.values())
        self.fold = Fold(self.metadata)
