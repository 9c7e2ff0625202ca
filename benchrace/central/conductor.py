"""A run's life, from its turn in the queue to its summary."""

import logging
from collections.abc import Awaitable, Callable

import anyio
import msgspec
from anyio import to_thread

from benchrace.central.disk import REFUSALS, Disk
from benchrace.central.fleet import Fleet
from benchrace.central.job import Job
from benchrace.central.live import LiveRun
from benchrace.central.outcome import outcome
from benchrace.central.preflight import Preflight
from benchrace.central.race import Race
from benchrace.central.runs import Runs
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events.payloads import RunLifecyclePayload, RunPhase
from benchrace.ids import new_job_id
from benchrace.link.liveness import Liveness
from benchrace.link.messages import Ack, CancelJob
from benchrace.run import plan
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary

log = logging.getLogger(__name__)

Changed = Callable[[RunMetadata, RunSummary | None], Awaitable[None]]
"""Called when a run's state has been stored, with its summary at the end."""


class Conductor:
    """Conducts any number of runs, each in a task of its own."""

    def __init__(
        self, fleet: Fleet, runs: Runs, disk: Disk, limits: Limits, clock: Clock, changed: Changed
    ) -> None:
        self._fleet = fleet
        self._runs = runs
        self._disk = disk
        self._limits = limits
        self._clock = clock
        self._changed = changed
        self._preflight = Preflight(fleet, limits)

    async def conduct(self, run: LiveRun, *, checked: bool) -> None:
        """Take a run to its end; `checked` says that preflight was just passed.

        One that is running already (central was restarted) goes on where it was.
        """
        async with anyio.create_task_group() as group:
            group.start_soon(run.keeper.run, lambda ack: self._ack(run, ack))
            failure: Failure | None = None
            if run.metadata.state is RunState.QUEUED and run.cancel is None:
                failure = await self._prepare(run, checked)
            staggered = False
            if run.reopened:
                await self._hear(run)
            elif run.jobs and failure is None:
                staggered = await self._race(run)
            await self._finish(run, failure, staggered)
            group.cancel_scope.cancel()

    async def abandon(self, run: LiveRun) -> None:
        """End a run that a defect of ours keeps from its own end."""
        failure = BenchraceError(
            Category.SYSTEM, "central failed to conduct this run", "Look at central's log."
        ).failure()
        for job in run.jobs.values():
            self._fleet.post(job.machine_id, CancelJob(job_id=job.job_id, reason="central failed"))
        await run.save(state=RunState.FAILED, ended_at=self._clock.wall_s(), failure=failure)
        run.log.close()
        self._runs.forsake(run)

    async def _prepare(self, run: LiveRun, checked: bool) -> Failure | None:
        """Bring a run to its start, unless it is cancelled meanwhile; gives why it cannot."""
        failure: Failure | None = None
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                await run.cancelled.wait()
                group.cancel_scope.cancel()

            group.start_soon(stop)
            try:
                await self._arrive(run)
                if not checked:
                    await self._check(run)
                automatic = await self._preflight.calibrate(run.metadata)
                await self._dispatch(run, automatic)
            except BenchraceError as error:
                failure = error.failure()
            group.cancel_scope.cancel()
        return failure

    async def _arrive(self, run: LiveRun) -> None:
        """Wait until every machine is there and free; raises `unreachable` or `busy`."""
        deadline_ns = self._clock.monotonic_ns() + int(self._limits.arrival_s * 1e9)
        while (missing := self._missing(run)) is not None:
            if self._clock.monotonic_ns() >= deadline_ns:
                raise missing
            await run.changed.wait()

    def _missing(self, run: LiveRun) -> BenchraceError | None:
        now_ns = self._clock.monotonic_ns()
        for machine_id in sorted(run.machine_ids):
            machine = self._fleet.get(machine_id)
            if machine.excluded:
                return BenchraceError(
                    Category.UNREACHABLE, f"{machine_id} was excluded after the run was planned"
                )
            if machine.session is None or (
                machine.liveness(self._fleet.keep, now_ns) is not Liveness.ALIVE
            ):
                return BenchraceError(
                    Category.UNREACHABLE,
                    f"{machine_id} is not there: it has not linked within "
                    f"{self._limits.arrival_s:g} s",
                    "Start its agent, and start the run again.",
                )
            if machine.others:
                return BenchraceError(
                    Category.BUSY, f"{machine_id} works on job {min(machine.others)}"
                )
        return None

    async def _check(self, run: LiveRun) -> None:
        """Preflight a run that had to wait, or was queued before a restart."""
        lanes = run.metadata.lanes
        checked = await self._preflight.check(
            run.metadata.kind, lanes, _path, run.metadata.spec.only_ready
        )
        await run.save(
            lanes=tuple(
                msgspec.structs.replace(
                    lane, params=checked.complete.get(lane.lane_id, lane.params)
                )
                for lane in lanes
                if lane.lane_id not in checked.left
            ),
            left_out=(*run.metadata.left_out, *checked.left.values()),
        )

    async def _dispatch(self, run: LiveRun, automatic: dict[str, object] | None) -> None:
        """Name the jobs, store that the run begins, and only then send them."""
        planned = run.metadata
        if automatic is not None:
            planned = plan.with_automatic(planned, automatic)
        planned = plan.with_jobs(planned, {each: new_job_id() for each in run.machine_ids})
        machines = {
            each: msgspec.to_builtins(self._fleet.get(each).capabilities)
            for each in sorted(run.machine_ids)
        }
        with anyio.CancelScope(shield=True):
            await run.save(
                lanes=planned.lanes,
                automatic=planned.automatic,
                machines=machines,
                state=RunState.RUNNING,
                started_at=self._clock.wall_s(),
            )
            run.make_jobs()
            self._runs.index(run)
            await self._changed(run.metadata, None)
        log.info("run %s begins on %s", run.run_id, ", ".join(sorted(run.machine_ids)))
        run.say(RunLifecyclePayload(phase=RunPhase.RUN_START, state=RunState.RUNNING))
        for job in run.jobs.values():
            for message in job.outstanding():
                self._fleet.post(job.machine_id, message)

    async def _race(self, run: LiveRun) -> bool:
        """Look until every job is over and on the disk; tell whether any start was staggered."""
        race = Race(run, self._fleet, self._limits, self._clock)
        await self._gather(run, race.look)
        race.close()
        race.rank()
        return race.staggered

    async def _hear(self, run: LiveRun) -> None:
        """Take what agents still have of a run that is over."""
        await self._gather(run, lambda: False)
        if (places := run.fold.standing()) is not None and not run.watch.ended:
            run.say(places)

    async def _gather(self, run: LiveRun, look: Callable[[], bool]) -> None:
        """Wait until a look expects nothing more, and all that was heard is on the disk."""
        rewinds = run.keeper.rewinds
        while True:
            while look():
                await run.changed.wait()
                if run.keeper.rewinds != rewinds:
                    rewinds = run.keeper.rewinds
                    self._relink(run)
            await self._trail(run)
            if await run.keeper.settle():
                return
            self._relink(run)

    def _relink(self, run: LiveRun) -> None:
        """Have the agents dial again, and so send again what the log has lost."""
        for machine_id in run.machine_ids:
            if (session := self._fleet.get(machine_id).session) is not None:
                session.close()

    async def _trail(self, run: LiveRun) -> None:
        """Wait for what agents have beyond their jobs' ends, as long as for a lost machine.

        What comes later opens the run again.
        """
        with anyio.move_on_after(self._limits.patience_s):
            while any(_is_behind(run, job) for job in run.jobs.values()):
                await run.changed.wait()

    async def _finish(self, run: LiveRun, failure: Failure | None, staggered: bool) -> None:
        """Say the end, store it with the summary, and close the log."""
        run.closing = True
        state, why = outcome(run, failure)
        if not run.watch.ended:
            reason = run.cancel if state is RunState.CANCELLED else why.message if why else None
            run.say(RunLifecyclePayload(phase=RunPhase.RUN_END, state=state, reason=reason))
        while not run.say_on():
            await run.changed.wait()
        if not await run.keeper.settle():
            self._relink(run)
        await run.save(
            state=state,
            ended_at=run.metadata.ended_at or self._clock.wall_s(),
            failure=why,
            staggered=run.metadata.staggered or staggered,
        )
        summary = run.fold.summary()
        await self._save_summary(run, summary)
        run.log.close()
        await self._changed(run.metadata, summary)
        self._runs.remove(run)
        log.info("run %s is %s%s", run.run_id, state, f": {why.message}" if why else "")

    async def _save_summary(self, run: LiveRun, summary: RunSummary) -> None:
        while True:
            try:
                await to_thread.run_sync(run.folder.save_summary, summary)
            except BenchraceError as error:
                if error.category not in REFUSALS:
                    raise
                self._disk.refused(error)
                await anyio.sleep(self._limits.retry_s)
            else:
                return

    def _ack(self, run: LiveRun, ack: Ack) -> None:
        if (job := run.jobs.get(ack.job_id)) is not None:
            self._fleet.post(job.machine_id, ack)


def _is_behind(run: LiveRun, job: Job) -> bool:
    if job.failure is not None or job.gone:
        return False
    if job.phase is None or not job.phase.final:
        return True
    return any(run.log.next_seq(job.job_id, stream) < due for stream, due in job.due.items())


def _path(lane_id: str, name: str) -> str:
    return f"{lane_id}.params.{name}" if name else lane_id
