"""The worker machines of a run's lanes: from before a lane's job until after its end."""

from collections.abc import Sequence

import anyio

from benchrace.central.fleet.engines import Engines
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.job import Job
from benchrace.central.runs.lending.worker_machine import WorkerMachine
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.progress import Turn
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.lending import Peer
from benchrace.run.planning.completion import with_peers
from benchrace.run.states import JobPhase


class WorkerMachines:
    """All worker machines of one run. A job is held until those that its lanes need are lent."""

    def __init__(self, run: LiveRun, fleet: Fleet, limits: Limits, clock: Clock) -> None:
        self._run = run
        self._fleet = fleet
        self._limits = limits
        self._clock = clock
        self._saving = anyio.Lock()

    async def run(self) -> None:
        """Lend what each job needs, and take it back once the job is over."""
        async with anyio.create_task_group() as group:
            for job in self._run.jobs.values():
                workers = [
                    self._worker(lane_id, machine_id)
                    for lane_id, machine_id in self._run.workers_of(job)
                ]
                if workers and not self._run.is_over(job):
                    group.start_soon(self._serve, job, workers)

    def _worker(self, lane_id: str, machine_id: str) -> WorkerMachine:
        lane = next(lane for lane in self._run.metadata.lanes if lane.lane_id == lane_id)
        engines = Engines(self._fleet)
        return WorkerMachine(
            self._run, lane, machine_id, self._fleet, engines, self._limits, self._clock
        )

    async def _serve(self, job: Job, workers: Sequence[WorkerMachine]) -> None:
        resumed = not job.held
        async with anyio.create_task_group() as group:
            for worker in workers:
                group.start_soon(worker.hold)
            await self._provide(job, workers)
            await self._until_over(job, workers)
            if resumed:
                await self._until_found(workers)
            group.cancel_scope.cancel()
        # The next run may need these machines: this one is not over before they are free.
        async with anyio.create_task_group() as group:
            for worker in workers:
                group.start_soon(worker.give_back)

    async def _provide(self, job: Job, workers: Sequence[WorkerMachine]) -> None:
        """Wait until all is lent, and send the job; fail it where something is not lent."""
        while not self._run.is_over(job):
            failed = next(
                (worker.failure for worker in workers if worker.failure is not None), None
            )
            if job.held and self._run.cancel is not None:
                words = f"cancelled before the job of {job.machine_id} was sent"
                job.failure = BenchraceError(Category.CANCELLED, words).failure()
            elif job.held and failed is not None:
                job.failure = failed
            elif failed is not None:
                return
            elif all(worker.peer is not None for worker in workers):
                await self._send(job, workers)
                return
            else:
                await self._run.changed.wait()
        self._run.changed.notify()

    async def _send(self, job: Job, workers: Sequence[WorkerMachine]) -> None:
        if not job.held:
            # An earlier central has sent it, with what was lent then.
            for worker in workers:
                worker.compare(job.spec.lane(worker.lane.lane_id).peers)
            return
        peers: dict[str, tuple[Peer, ...]] = {}
        for worker in workers:
            if worker.peer is not None:
                peers[worker.lane.lane_id] = (*peers.get(worker.lane.lane_id, ()), worker.peer)
        # Stored before sent, as all of a job is.
        async with self._saving:
            await self._run.save(lanes=with_peers(self._run.metadata, peers).lanes)
        if not self._run.is_over(job):
            self._run.release(job)
            for message in job.outstanding():
                self._fleet.post(job.machine_id, message)

    async def _until_found(self, workers: Sequence[WorkerMachine]) -> None:
        """Wait until machines that an earlier central borrowed are found, or lost.

        Only what has been found can be given back.
        """
        with anyio.move_on_after(self._limits.patience_s):
            while any(worker.peer is None and worker.failure is None for worker in workers):
                await self._run.changed.wait()

    async def _until_over(self, job: Job, workers: Sequence[WorkerMachine]) -> None:
        """Wait for the job's end, and order it where it hangs for want of a machine."""
        place, since_ns = self._place(job), self._clock.monotonic_ns()
        while not self._run.is_over(job):
            before, place = place, self._place(job)
            if place != before:
                since_ns = self._clock.monotonic_ns()
            lost = _needed(job, place.lane_id, workers)
            if lost is not None:
                self._end_late(job, lost, max(since_ns, lost.failed_ns))
            await self._run.changed.wait()

    def _place(self, job: Job) -> Turn:
        """Return where a job is: in a lane's round, or opening a lane."""
        turn = self._run.progress.turns.get(job.job_id) or Turn(0, None)
        if turn.lane_id is not None or job.phase is not JobPhase.OPENING:
            return turn
        return Turn(turn.number, job.opening)

    def _end_late(self, job: Job, lost: WorkerMachine, since_ns: int) -> None:
        """End a job that has done nothing since `since_ns`; give up one that does not end."""
        waited_s = (self._clock.monotonic_ns() - since_ns) / 1e9
        if lost.failure is None or waited_s < self._limits.without_worker_s:
            return
        if job.cancel is None:
            job.cancel = lost.failure.message
            self._fleet.post(job.machine_id, job.cancelling())
        elif waited_s >= self._limits.without_worker_s + self._limits.end_s:
            job.failure = lost.failure
            self._run.changed.notify()


def _needed(
    job: Job, lane_id: str | None, workers: Sequence[WorkerMachine]
) -> WorkerMachine | None:
    """Return a lost worker that the job needs now: in the lane it is in, or in all of its lanes."""
    lost = {worker.lane.lane_id: worker for worker in workers if worker.failure is not None}
    if lane_id is not None:
        return lost.get(lane_id)
    if lost.keys() >= {lane.lane_id for lane in job.spec.lanes}:
        return next(iter(lost.values()), None)
    return None
