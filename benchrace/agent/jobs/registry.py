"""All jobs of this machine: the one that runs, and those that are kept."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import anyio.abc
import msgspec

from benchrace import __version__
from benchrace.agent.jobs.agent_journal import terminal_line
from benchrace.agent.jobs.devices import lock
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord, JobSender
from benchrace.agent.jobs.job_runner import RunnerContext, run_job
from benchrace.agent.jobs.recovery import recover
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.jobs.unsettled import Unsettled
from benchrace.errors import NotFound
from benchrace.notifier import Notifier
from benchrace.plugin.engine.device import Device
from benchrace.protocol.agent_worker import JobOrder, WorkerSetup
from benchrace.protocol.assets import AssetSetup
from benchrace.protocol.job import JobSpec
from benchrace.run.metadata import RunMetadata

log = logging.getLogger(__name__)
_LEAVING_S = 5.0


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long finished jobs are kept: the latest `keep_jobs` of them, for `keep_s` seconds."""

    keep_jobs: int
    keep_s: float


class Direct(msgspec.Struct, frozen=True, kw_only=True):
    """What a job without a central has besides: who asked for it, and its run's metadata."""

    sender: JobSender
    metadata: RunMetadata


class Jobs:
    """`changed` notifies whenever a job comes, moves on or ends; `written` when a journal has grown
    as well, which is many times a second.

    `workers_started` and `workers_died` count since the agent's start. A job that `is_held` says
    somebody still has to hear of is not removed, unless twice as many as are kept wait for that.
    """

    def __init__(
        self,
        folder: Path,
        machine_id: str,
        slot: Slot,
        context: RunnerContext,
        retention: Callable[[], Retention],
    ) -> None:
        self._folder = folder
        self._machine_id = machine_id
        self._context = context
        self._retention = retention
        self._jobs: dict[str, Job] = {}
        self._tasks: anyio.abc.TaskGroup | None = None
        self._unsettled = Unsettled()
        self._one_by_one = anyio.Lock()
        self.workers_started, self.workers_died = 0, 0
        self.slot = slot
        self.written = Notifier()
        self.changed = Notifier(wider=self.written)
        self.is_held: Callable[[Job], bool] = lambda job: False

    async def recover(self) -> None:
        """Load the jobs of an earlier agent, and end those that it left running."""
        context = self._context
        recovered = await anyio.to_thread.run_sync(
            recover, self._folder, self._machine_id, context.clock, context.boot_id
        )
        for folder, record, line in sorted(recovered, key=lambda entry: entry[1].accepted_at):
            job = Job(folder, record, self.changed)
            job.ended(line)
            self._jobs[job.job_id] = job
            self._unsettled.ended(job)
        await self.tidy()

    async def run(self) -> None:
        """Run the jobs that are started, until cancelled; then the running one ends."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await anyio.sleep_forever()

    async def start(
        self,
        spec: JobSpec,
        setup: WorkerSetup,
        measured: Sequence[Device] = (),
        direct: Direct | None = None,
        assets: AssetSetup | None = None,
    ) -> Job:
        """Accept a job that measures on some GPUs, and start it.

        Where it raises, the slot is free again and nothing began.
        """
        if self._tasks is None:
            raise RuntimeError("jobs are started before they are run")
        await self.let_end()
        await self.slot.take(spec.job_id, gpus=[lock(device) for device in measured])
        try:
            clock = self._context.clock
            record = JobRecord(
                spec=spec,
                t0_ns=clock.monotonic_ns(),
                boot_id=self._context.boot_id,
                accepted_at=clock.wall_s(),
                version=__version__,
                sender=JobSender() if direct is None else direct.sender,
            )
            metadata = None if direct is None else direct.metadata
            folder = await anyio.to_thread.run_sync(
                JobFolder.create, self._folder, record, metadata
            )
            order = JobOrder(
                setup=setup,
                spec=spec,
                folder=str(folder.path),
                t0_ns=record.t0_ns,
                boot_id=record.boot_id,
                unsettled=self._unsettled.lanes,
                asset_setup=assets,
            )
            job = Job(folder, record, self.changed)
            self._tasks.start_soon(self._run, job, order)
        except BaseException:
            self.slot.release()
            raise
        self._jobs[job.job_id] = job
        self.changed.notify()
        return job

    @property
    def unsettled_backends(self) -> frozenset[str]:
        """The backends whose engines the next job has to wait for, beside its own."""
        return frozenset(left.lane.backend for left in self._unsettled.lanes)

    @property
    def running(self) -> Job | None:
        """The job that holds the slot."""
        return self._jobs.get(self.slot.job_id or "")

    def all(self) -> tuple[Job, ...]:
        """Return every job that is kept, the oldest first."""
        return tuple(self._jobs.values())

    def get(self, job_id: str) -> Job | None:
        """Return a job; None if the id is unknown."""
        return self._jobs.get(job_id)

    def named(self, job_id: str) -> Job:
        """Return a job; raises NotFound."""
        job = self._jobs.get(job_id)
        if job is None:
            shown = job_id[:40]
            raise NotFound(f"unknown job {shown!r}", "GET /jobs lists the jobs.")
        return job

    async def ended(self, job: Job) -> None:
        """Wait for a job's end."""
        while not job.phase.final:
            await self.changed.wait()

    async def let_end(self) -> None:
        """Wait for a job whose last event can be read already, but whose worker is not gone yet.

        Whoever has seen that event may ask for the next job at once.
        """
        job = self.running
        if job is None or await anyio.to_thread.run_sync(terminal_line, job.folder) is None:
            return
        with anyio.move_on_after(_LEAVING_S):
            await self.ended(job)

    async def stop(self) -> None:
        """End the running job as interrupted, and wait for that."""
        if (job := self.running) is not None:
            job.stop()
            while self.slot.job_id is not None:
                await self.changed.wait()

    async def acknowledge(self, job: Job) -> None:
        """Note that central has all of a finished job."""
        await anyio.to_thread.run_sync(job.folder.acknowledge)

    async def tidy(self) -> None:
        """Remove finished jobs that are over the retention; never one that central still lacks.

        A job leaves the list before its folder goes: what is listed can be read.
        """
        async with self._one_by_one:
            try:
                over = await anyio.to_thread.run_sync(self._over, self.all())
            except OSError as error:
                log.warning("old jobs are kept: %s", error)
                return
            for job in over:
                del self._jobs[job.job_id]
                await anyio.to_thread.run_sync(job.folder.remove)

    async def _run(self, job: Job, order: JobOrder) -> None:
        self.workers_started += 1
        try:
            await run_job(job, order, self._context, self.slot.lock_fds)
        finally:
            self.workers_died += job.worker_died
            self._unsettled.ended(job)
            self.slot.release()
            self.changed.notify()
        await self.tidy()

    def _over(self, jobs: tuple[Job, ...]) -> list[Job]:
        held = [job for job in jobs if job.phase.final and self.is_held(job)]
        done = [job for job in jobs if job.phase.final and job not in held]
        free = [job for job in done if job.spec.run_id is None or job.folder.acknowledged]
        now = self._context.clock.wall_s()
        retention = self._retention()
        late = [job for job in free if now - job.record.accepted_at > retention.keep_s]
        most = retention.keep_jobs
        surplus = free[: max(0, len(free) - most)]
        # A receiver that is gone must not fill the disk; what waits for it has its own place.
        waiting = [job for job in held if job.spec.run_id is None]
        surplus += waiting[: max(0, len(waiting) - 2 * max(most, 1))]
        return [job for job in (*free, *waiting) if job in late or job in surplus]
