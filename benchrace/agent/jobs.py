"""All jobs of this machine: the one that runs, and those that are kept."""

from pathlib import Path

import anyio
import anyio.abc
import msgspec

from benchrace import __version__
from benchrace.agent.beacon import Beacon
from benchrace.agent.devices import lock
from benchrace.agent.folder import JobFolder, Kept
from benchrace.agent.job import Job
from benchrace.agent.recovery import recover
from benchrace.agent.running import Bench, run_job
from benchrace.agent.slot import Slot
from benchrace.agent.stream import terminal_line
from benchrace.errors import NotFound
from benchrace.plugin.device import Device
from benchrace.plugin.entry_points import PluginRef
from benchrace.run.control import JobOrder
from benchrace.run.job import JobSpec

_LEAVING_S = 5.0


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Finished jobs that nobody needs: the latest `keep_jobs` of them, for `keep_s` seconds."""

    keep_jobs: int
    keep_s: float


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a job's worker is told beside the job: what to import, and how it is configured.

    `gpus` are the machine's; `chosen` those of them that the job measures on.
    """

    plugins: tuple[PluginRef, ...]
    config: dict[str, dict[str, object]]
    log_dir: str | None = None
    gpus: tuple[Device, ...] = ()
    chosen: tuple[Device, ...] = ()


class Jobs:
    """`changed` flashes whenever a job comes, moves on or ends."""

    def __init__(
        self, folder: Path, machine_id: str, slot: Slot, bench: Bench, retention: Retention
    ) -> None:
        self._folder = folder
        self._machine_id = machine_id
        self._bench = bench
        self._retention = retention
        self._jobs: dict[str, Job] = {}
        self._tasks: anyio.abc.TaskGroup | None = None
        self.slot = slot
        self.changed = Beacon()

    async def recover(self) -> None:
        """Take over what an earlier agent left; ends what it had left running."""
        bench = self._bench
        found = await anyio.to_thread.run_sync(
            recover, self._folder, self._machine_id, bench.clock, bench.boot_id
        )
        for folder, kept, line in sorted(found, key=lambda each: each[1].accepted_at):
            job = Job(folder, kept, self.changed)
            job.ended(line)
            self._jobs[job.job_id] = job
        await self.tidy()

    async def run(self) -> None:
        """Run the jobs that are started, until cancelled; then the running one ends."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await anyio.sleep_forever()

    async def start(self, spec: JobSpec, needs: Needs) -> Job:
        """Accept a job and start it; raises Busy or `disk_full`, and then it never was."""
        if self._tasks is None:
            raise RuntimeError("jobs are started before they are run")
        await self.let_end()
        await self.slot.take(spec.job_id, gpus=[lock(each) for each in needs.chosen])
        try:
            clock = self._bench.clock
            kept = Kept(
                spec=spec,
                t0_ns=clock.monotonic_ns(),
                boot_id=self._bench.boot_id,
                accepted_at=clock.wall_s(),
                version=__version__,
            )
            folder = await anyio.to_thread.run_sync(JobFolder.create, self._folder, kept)
        except BaseException:
            self.slot.release()
            raise
        job = Job(folder, kept, self.changed)
        self._jobs[job.job_id] = job
        order = JobOrder(
            plugins=needs.plugins,
            config=needs.config,
            log_dir=needs.log_dir,
            gpus=needs.gpus,
            spec=spec,
            folder=str(folder.path),
            t0_ns=kept.t0_ns,
            boot_id=kept.boot_id,
        )
        self._tasks.start_soon(self._run, job, order)
        self.changed.flash()
        return job

    @property
    def running(self) -> Job | None:
        """The job that holds the slot."""
        return self._jobs.get(self.slot.job_id or "")

    def all(self) -> tuple[Job, ...]:
        """Give every job that is kept, the oldest first."""
        return tuple(self._jobs.values())

    def get(self, job_id: str) -> Job | None:
        """Find a job, None where there is none of that name."""
        return self._jobs.get(job_id)

    def named(self, job_id: str) -> Job:
        """Find a job; raises NotFound."""
        job = self._jobs.get(job_id)
        if job is None:
            shown = job_id[:40]
            raise NotFound(
                f"there is no job {shown!r} here", "Look at GET /jobs for what there is."
            )
        return job

    async def ended(self, job: Job) -> None:
        """Wait for a job's end."""
        while not job.phase.final:
            await self.changed.wait(self.changed.count)

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
                await self.changed.wait(self.changed.count)

    async def acknowledge(self, job: Job) -> None:
        """Note that central has all of a finished job."""
        await anyio.to_thread.run_sync(job.folder.acknowledge)

    async def tidy(self) -> None:
        """Remove finished jobs that are over the retention; never one that central still lacks."""
        over = await anyio.to_thread.run_sync(self._over)
        for job in over:
            del self._jobs[job.job_id]
            await anyio.to_thread.run_sync(job.folder.remove)

    async def _run(self, job: Job, order: JobOrder) -> None:
        try:
            await run_job(job, order, self._bench, self.slot.lock_fds)
        finally:
            self.slot.release()
            self.changed.flash()
        await self.tidy()

    def _over(self) -> list[Job]:
        done = [job for job in self._jobs.values() if job.phase.final]
        free = [job for job in done if job.spec.run_id is None or job.folder.acknowledged]
        now = self._bench.clock.wall_s()
        late = [job for job in free if now - job.kept.accepted_at > self._retention.keep_s]
        most = self._retention.keep_jobs
        surplus = free[: max(0, len(free) - most)]
        return [job for job in free if job in late or job in surplus]
