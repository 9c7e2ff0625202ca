"""Machines that lend themselves to a run's lanes: from before a lane's job until after its end."""

from collections.abc import Sequence

import anyio

from benchrace.central.fleet.engines import Engines
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.job import Job
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.loan import Loan
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.lending import Peer
from benchrace.run.planning.completion import with_peers


class Lending:
    """All loans of one run. A job is held until the machines that its lanes need are lent."""

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
                loans = [
                    self._loan(lane_id, machine_id)
                    for lane_id, machine_id in self._run.workers_of(job)
                ]
                if loans and not self._run.is_over(job):
                    group.start_soon(self._serve, job, loans)

    def _loan(self, lane_id: str, machine_id: str) -> Loan:
        lane = next(lane for lane in self._run.metadata.lanes if lane.lane_id == lane_id)
        engines = Engines(self._fleet)
        return Loan(self._run, lane, machine_id, self._fleet, engines, self._limits, self._clock)

    async def _serve(self, job: Job, loans: Sequence[Loan]) -> None:
        async with anyio.create_task_group() as group:
            for loan in loans:
                group.start_soon(loan.hold)
            await self._provide(job, loans)
            await self._until_over(job, loans)
            group.cancel_scope.cancel()
        # The next run may need these machines: this one is not over before they are free.
        async with anyio.create_task_group() as group:
            for loan in loans:
                group.start_soon(loan.give_back)

    async def _provide(self, job: Job, loans: Sequence[Loan]) -> None:
        """Wait until all is lent, and send the job; fail it where something is not lent."""
        while not self._run.is_over(job):
            failed = next((loan.failure for loan in loans if loan.failure is not None), None)
            if job.held and self._run.cancel is not None:
                words = f"cancelled before the job of {job.machine_id} was sent"
                job.failure = BenchraceError(Category.CANCELLED, words).failure()
            elif job.held and failed is not None:
                job.failure = failed
            elif failed is not None:
                return
            elif all(loan.peer is not None for loan in loans):
                await self._send(job, loans)
                return
            else:
                await self._run.changed.wait()
        self._run.changed.notify()

    async def _send(self, job: Job, loans: Sequence[Loan]) -> None:
        if not job.held:
            # An earlier central has sent it, with what was lent then.
            for loan in loans:
                loan.compare(job.spec.lane(loan.lane.lane_id).peers)
            return
        peers: dict[str, tuple[Peer, ...]] = {}
        for loan in loans:
            if loan.peer is not None:
                peers[loan.lane.lane_id] = (*peers.get(loan.lane.lane_id, ()), loan.peer)
        # Stored before sent, as all of a job is.
        async with self._saving:
            await self._run.save(lanes=with_peers(self._run.metadata, peers).lanes)
        if not self._run.is_over(job):
            self._run.release(job)
            for message in job.outstanding():
                self._fleet.post(job.machine_id, message)

    async def _until_over(self, job: Job, loans: Sequence[Loan]) -> None:
        """Wait for the job's end, and end it where it hangs for want of a machine."""
        turn, since_ns = self._run.progress.turns.get(job.job_id), self._clock.monotonic_ns()
        while not self._run.is_over(job):
            now_ns, before = self._clock.monotonic_ns(), turn
            turn = self._run.progress.turns.get(job.job_id)
            if turn != before:
                since_ns = now_ns
            lost = {loan.lane.lane_id: loan for loan in loans if loan.failure is not None}
            at = None if turn is None else turn.lane_id
            everything = lost.keys() >= {lane.lane_id for lane in job.spec.lanes}
            loan = lost.get(at) if at is not None else next(iter(lost.values()), None)
            if loan is not None and (at is not None or everything):
                waited_ns = now_ns - max(since_ns, loan.failed_ns)
                if waited_ns >= self._limits.without_worker_s * 1e9:
                    job.failure = loan.failure
                    self._run.changed.notify()
                    return
            await self._run.changed.wait()
