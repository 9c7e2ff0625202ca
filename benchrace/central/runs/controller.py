"""A run's life, from its turn in the queue to its summary."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from operator import itemgetter
from typing import NamedTuple

import anyio
import msgspec
from anyio import to_thread

from benchrace.central.ceilings.snapshot import RoofsOf, snapshot
from benchrace.central.disk import Disk
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.status import status_of
from benchrace.central.runs.coordinator import RaceCoordinator
from benchrace.central.runs.job import Job
from benchrace.central.runs.lending.worker_machines import WorkerMachines
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.outcome import outcome
from benchrace.central.runs.preflight import Preflight
from benchrace.central.runs.registry import Runs
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events.payloads import RunLifecyclePayload, RunPhase
from benchrace.ids import RunId, new_job_id
from benchrace.plugin.readiness import Problem
from benchrace.protocol.agent_central import Ack, CancelJob
from benchrace.protocol.liveness import Liveness
from benchrace.run.artifact import RunArtifact
from benchrace.run.metadata import LeftOut, MachineHost, RunMetadata
from benchrace.run.planning.completion import with_jobs, with_readiness
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary

log = logging.getLogger(__name__)

Changed = Callable[[RunMetadata, RunSummary | None], Awaitable[None]]


class Callbacks(NamedTuple):
    """What others do as runs go on.

    `changed` is called when a run's state has been stored, with its summary at the end; `ending`,
    with the run's files, just before that summary is stored: from then on the run is over.
    """

    changed: Changed
    ending: Callable[[RunId, tuple[RunArtifact, ...]], Awaitable[None]]


class RunController:
    """Executes any number of runs, each in a task of its own."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        preflight: Preflight,
        runs: Runs,
        disk: Disk,
        limits: Limits,
        clock: Clock,
        callbacks: Callbacks,
        roofs_of: RoofsOf | None,
    ) -> None:
        self._fleet = fleet
        self._preflight = preflight
        self._runs = runs
        self._disk = disk
        self._limits = limits
        self._clock = clock
        self._callbacks = callbacks
        self._roofs_of = roofs_of

    async def execute(self, run: LiveRun, *, checked: bool) -> None:
        """Run until the end; `checked` says that preflight has just passed.

        One that is running already (central was restarted) goes on where it was.
        """
        async with anyio.create_task_group() as group:
            group.start_soon(run.sync, lambda ack: self._ack(run, ack))
            failure: Failure | None = None
            if run.metadata.state is RunState.QUEUED and run.cancel is None:
                failure = await self._prepare(run, checked)
            staggered = False
            if run.reopened:
                await self._collect_late_lines(run)
            elif run.jobs and failure is None:
                staggered = await self._race(run)
            await self._finish(run, failure, staggered)
            # The writer runs until here: the end of the run, too, must be synced. A task that is
            # cancelled keeps its frames, and so this run, until garbage is collected.
            run.writer.end()

    async def abandon(self, run: LiveRun) -> None:
        """End a run that cannot end by itself because of a defect here."""
        failure = BenchraceError(
            Category.SYSTEM,
            "this run failed in central",
            "See the traceback in central's log, and report it.",
        ).failure()
        for job in run.jobs.values():
            self._fleet.post(job.machine_id, CancelJob(job_id=job.job_id, reason="central failed"))
        await run.save(state=RunState.FAILED, ended_at=self._clock.wall_s(), failure=failure)
        run.log.close()
        self._runs.forsake(run)

    async def _prepare(self, run: LiveRun, checked: bool) -> Failure | None:
        """Prepare a run up to its start, unless it is cancelled meanwhile; return what failed."""
        with run.until_cancelled():
            try:
                await self._arrive(run)
                if not checked:
                    await self._check(run)
                calibrate = partial(self._preflight.calibrate, run.metadata)
                await self._dispatch(run, await self._once_free(calibrate))
            except BenchraceError as error:
                return error.failure()
        return None

    async def _arrive(self, run: LiveRun) -> None:
        """Wait until every machine is there and free; raises `unreachable` or `busy`.

        A run of only what is ready goes on without those that do not come.
        """
        deadline_ns = self._clock.monotonic_ns() + int(self._limits.arrival_s * 1e9)
        while missing := self._missing(run):
            if self._clock.monotonic_ns() >= deadline_ns:
                if not run.metadata.spec.only_ready:
                    raise next(iter(missing.values()))
                await self._leave_out(run, missing)
                return
            await run.changed.wait()

    def _missing(self, run: LiveRun) -> dict[str, BenchraceError]:
        """Return why machines are not there, by machine."""
        whys = ((machine_id, self._why_missing(machine_id)) for machine_id in run.machine_ids)
        return {
            machine_id: why
            for machine_id, why in sorted(whys, key=itemgetter(0))
            if why is not None
        }

    def _why_missing(self, machine_id: str) -> BenchraceError | None:
        machine, now_ns = self._fleet.get(machine_id), self._clock.monotonic_ns()
        if machine.excluded:
            return BenchraceError(
                Category.UNREACHABLE, f"{machine_id} was excluded after the run was planned"
            )
        if machine.session is None or (
            machine.liveness(self._fleet.keep, now_ns) is not Liveness.ALIVE
        ):
            reason = status_of(machine, self._fleet.keep, now_ns, None).reason
            return BenchraceError(
                Category.UNREACHABLE,
                f"{machine_id} has not linked within {self._limits.arrival_s:g} s: {reason}",
                "Start its agent, and start the run again.",
            )
        if machine.others:
            return BenchraceError(
                Category.BUSY, f"{machine_id} is working on job {min(machine.others)}"
            )
        return None

    async def _leave_out(self, run: LiveRun, missing: dict[str, BenchraceError]) -> None:
        """Take the lanes of machines that did not come out of a run, and keep the reasons."""
        left_out = {
            lane.lane_id: LeftOut(
                label=lane.label,
                machine_id=lane.machine_id,
                backend=lane.backend,
                problems=(Problem(message=why.message, remedy=why.remedy),),
            )
            for lane in run.metadata.lanes
            if (why := next(filter(None, map(missing.get, lane.occupies)), None)) is not None
        }
        if len(left_out) == len(run.metadata.lanes):
            raise next(iter(missing.values()))
        left = with_readiness(run.metadata, {}, left_out)
        await run.save(lanes=left.lanes, left_out=left.left_out, workloads=left.workloads)

    async def _check(self, run: LiveRun) -> None:
        """Preflight a run that had to wait, or was queued before a restart."""
        checked = await self._once_free(partial(self._preflight.check, run.metadata))
        await run.save(lanes=checked.lanes, left_out=checked.left_out, workloads=checked.workloads)

    async def _once_free(self, ask: Callable[[], Awaitable[RunMetadata]]) -> RunMetadata:
        """Ask until no machine is busy, as one is that stops its engines after the run before.

        Raises `busy` where that takes too long, and what `ask` raises.
        """
        deadline_ns = self._clock.monotonic_ns() + int(self._limits.arrival_s * 1e9)
        while True:
            try:
                return await ask()
            except BenchraceError as error:
                is_late = self._clock.monotonic_ns() >= deadline_ns
                if error.category is not Category.BUSY or is_late:
                    raise
            await anyio.sleep(self._limits.retry_s)

    async def _dispatch(self, run: LiveRun, planned: RunMetadata) -> None:
        """Name the jobs, store the run as running, and only then send them."""
        planned = with_jobs(planned, {machine_id: new_job_id() for machine_id in run.machine_ids})
        machines = {
            machine_id: msgspec.to_builtins(self._fleet.get(machine_id).capabilities)
            for machine_id in sorted(run.machine_ids)
        }
        hosts = {
            machine_id: MachineHost(host_id=machine.host_id, share_host=machine.share_host)
            for machine_id in sorted(run.machine_ids)
            if (machine := self._fleet.get(machine_id)).host_id
        }
        ceilings = await snapshot(planned, self._fleet, self._roofs_of)
        # Central may be killed anywhere here. Stored before sent: the next central then knows every
        # job that an agent may have, and sends again what did not arrive. The other way round, an
        # agent could run a job that no central knows, and keep its machine busy.
        with anyio.CancelScope(shield=True):
            await run.save(
                lanes=planned.lanes,
                automatic=planned.automatic,
                machines=machines,
                hosts=hosts,
                ceilings=ceilings,
                state=RunState.RUNNING,
                started_at=self._clock.wall_s(),
            )
            run.make_jobs()
            self._runs.index(run)
            await self._callbacks.changed(run.metadata, None)
        log.info("run %s begins on %s", run.run_id, ", ".join(sorted(run.machine_ids)))
        run.emit(RunLifecyclePayload(phase=RunPhase.RUN_START, state=RunState.RUNNING))
        for job in run.jobs.values():
            for message in job.outstanding():
                self._fleet.post(job.machine_id, message)

    async def _race(self, run: LiveRun) -> bool:
        """Run all jobs to their end and onto the disk; return whether any start was staggered."""
        race = RaceCoordinator(run, self._fleet, self._limits, self._clock)
        lending = WorkerMachines(run, self._fleet, self._limits, self._clock)
        async with anyio.create_task_group() as group:
            group.start_soon(lending.run)
            await self._run_until_settled(run, race.look)
        race.close()
        race.rank()
        return race.staggered

    async def _collect_late_lines(self, run: LiveRun) -> None:
        """Collect what agents still have of a run that is over."""
        await self._run_until_settled(run, lambda: False)
        if (places := run.fold.standing()) is not None and not run.progress.ended:
            run.emit(places)

    async def _run_until_settled(self, run: LiveRun, look: Callable[[], bool]) -> None:
        """Wait until a look expects nothing more, and all that was heard is on the disk."""
        # A failed sync takes the log back to what the disk has. Lines that agents have sent, but
        # that were not acknowledged, are then missing here: new links make them send these again.
        rewinds = run.writer.rewinds
        while True:
            while look():
                await run.changed.wait()
                if run.writer.rewinds != rewinds:
                    rewinds = run.writer.rewinds
                    self._relink(run)
            await self._wait_for_late_lines(run)
            # The last sync may fail, too: then jobs that were over here are open again.
            if await run.writer.settle():
                return
            self._relink(run)

    def _relink(self, run: LiveRun) -> None:
        """Close the agents' links: they reconnect, and resend what the log has lost."""
        for machine_id in run.machine_ids:
            if (session := self._fleet.get(machine_id).session) is not None:
                session.close()

    async def _wait_for_late_lines(self, run: LiveRun) -> None:
        """Wait for what agents have beyond their jobs' ends, as long as for a lost machine.

        What comes later opens the run again.
        """
        with anyio.move_on_after(self._limits.patience_s):
            while any(_is_behind(run, job) for job in run.jobs.values()):
                await run.changed.wait()

    async def _finish(self, run: LiveRun, failure: Failure | None, staggered: bool) -> None:
        """Emit the run's end, store it with the summary, and close the log."""
        # From here on lines are refused, so that the summary says what the log says. Their agents
        # keep them, offer them on their next link, and that reopens the run.
        run.closing = True
        state, why = outcome(run, failure)
        if why is not None:
            # The log's end does not say all of it, and the next central may have nothing else.
            await run.save(failure=why)
        if not run.progress.ended:
            reason = run.cancel if state is RunState.CANCELLED else why.message if why else None
            run.emit(RunLifecyclePayload(phase=RunPhase.RUN_END, state=state, reason=reason))
        while True:
            while not run.emit_pending():
                await run.changed.wait()
            if await run.writer.settle():
                break
            # The log went back to what the disk has, perhaps to before the run's end: the agents
            # offer their lines again, and the end is written again.
            self._relink(run)
        await run.save(
            state=state,
            ended_at=run.metadata.ended_at or self._clock.wall_s(),
            failure=why,
            staggered=run.metadata.staggered or staggered,
        )
        # The summary comes last: where it is missing, the next central takes up the run again.
        summary = run.fold.summary()
        await self._callbacks.ending(run.run_id, summary.artifacts)
        await self._disk.retry(lambda: to_thread.run_sync(run.folder.save_summary, summary))
        run.log.close()
        await self._callbacks.changed(run.metadata, summary)
        self._runs.remove(run)
        log.info("run %s is %s%s", run.run_id, state, f": {why.message}" if why else "")

    def _ack(self, run: LiveRun, ack: Ack) -> None:
        if (job := run.jobs.get(ack.job_id)) is not None:
            self._fleet.post(job.machine_id, ack)


def _is_behind(run: LiveRun, job: Job) -> bool:
    if job.failure is not None or job.gone:
        return False
    if job.phase is None or not job.phase.final:
        return True
    return any(run.log.next_seq(job.job_id, stream) < due for stream, due in job.due.items())
