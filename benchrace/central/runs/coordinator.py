"""The coordination of a run's jobs: one look decides all that is due, and may come at any time."""

from anyio import current_time

from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.job import GIVEN_UP, PARTNER, Job
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.start.starter import Starter
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.events.payloads import StandingPayload
from benchrace.formatting import duration
from benchrace.protocol.agent_central import StartJob
from benchrace.run.clients import jobs_of

STANDING_NS = 500_000_000
# Looks come several times a second; after a longer pause this process itself was stopped.
AWAY_S = 2.0


class RaceCoordinator:
    """Decides everything from the current state, so that no missed event matters."""

    def __init__(self, run: LiveRun, fleet: Fleet, limits: Limits, clock: Clock) -> None:
        self._run = run
        self._fleet = fleet
        self._limits = limits
        self._clock = clock
        self._since_ns = clock.monotonic_ns()
        self._looked_s = current_time()
        self._retried_ns = 0
        self._cancel_ns: int | None = None
        self._starter = Starter(run, fleet, limits, clock)
        self._heats_done = -1
        self._standing: StandingPayload | None = None
        self._standing_ns = 0
        self._shared = {
            lane.lane_id: tuple(filter(None, jobs_of(lane)))
            for lane in run.metadata.lanes
            if lane.clients
        }

    def look(self) -> bool:
        """Do what is due; true while anything is still expected."""
        # The order matters: timeouts are corrected before they are applied, failures and cancels
        # are known before a start is decided, and a start is sent before its spread is judged.
        now_ns = self._clock.monotonic_ns()
        self._reset_timeouts_after_pause(now_ns)
        self._run.emit_pending()
        self._starter.restore(now_ns)
        self._give_up(now_ns)
        self._stop_failed()
        self._stop_partners()
        self._cancel(now_ns)
        self._retry_refused(now_ns)
        self._starter.start(now_ns)
        self._starter.judge(now_ns)
        self._shorten()
        self._rank(now_ns)
        return bool(self._going())

    def rank(self) -> None:
        """Emit the standing if it has changed."""
        places = self._run.fold.standing()
        if places is not None and places != self._standing:
            self._standing = places
            self._run.emit(places)

    def close(self) -> None:
        """Judge the starts that are still open by what has arrived."""
        self._starter.close()

    @property
    def staggered(self) -> bool:
        """Check whether machines began any heat too far apart, or not at all."""
        return self._starter.staggered

    def _going(self) -> list[Job]:
        return [job for job in self._run.jobs.values() if not self._run.is_over(job)]

    # Machines that are gone, and cancelling

    def _reset_timeouts_after_pause(self, now_ns: int) -> None:
        """Restart the timeouts after a pause in which this process could not receive anything."""
        # A laptop that slept, or a process that was stopped, wakes to clocks that have moved on and
        # sockets that it has not read yet. Every machine would look silent for all that time.
        looked_s = current_time()
        if looked_s - self._looked_s >= AWAY_S:
            self._since_ns = now_ns
            self._cancel_ns = None
        self._looked_s = looked_s

    def _give_up(self, now_ns: int) -> None:
        for job in self._going():
            machine = self._fleet.get(job.machine_id)
            heard_ns = self._since_ns if machine.heard_ns is None else machine.heard_ns
            silent_ns = now_ns - max(heard_ns, self._since_ns)
            if silent_ns >= self._limits.patience_s * 1e9:
                job.failure = BenchraceError(
                    Category.INTERRUPTED,
                    f"no message from {job.machine_id} for {duration(silent_ns)}",
                    "Check its agent and its network, and start the run again. What it measured "
                    "since then is added as soon as its agent links again.",
                ).failure()

    def _stop_failed(self) -> None:
        """Order machines to stop jobs that have failed here."""
        for job in self._run.jobs.values():
            # Else the machine would go on measuring, and be busy for the next run.
            ended = job.job_id in self._run.progress.ends
            if job.failure is not None and job.cancel is None and not ended:
                job.cancel = GIVEN_UP
                self._fleet.post(job.machine_id, job.cancelling())

    def _stop_partners(self) -> None:
        """Order the machines of a lane to stop once one of them does not make its share any more.

        Their rounds could not count.
        """
        if self._run.cancel is not None:
            return
        for fold in self._run.fold.lanes if self._shared else ():
            jobs = [self._run.jobs[name] for name in self._shared.get(fold.lane.lane_id, ())]
            failures = [job.failure for job in jobs if job.failure is not None]
            error = next(iter(failures), fold.error)
            if error is None or not jobs:
                continue
            for job in jobs:
                if job.cancel is None and not self._run.is_over(job):
                    job.cancel = f"{PARTNER}: {error.message}"
                    self._fleet.post(job.machine_id, job.cancelling())

    def _cancel(self, now_ns: int) -> None:
        if self._run.cancel is None:
            return
        if self._cancel_ns is None:
            self._cancel_ns = now_ns
        late = now_ns - self._cancel_ns >= self._limits.end_s * 1e9
        for job in self._going():
            if job.cancel is None:
                job.cancel = self._run.cancel
                self._fleet.post(job.machine_id, job.cancelling())
            if late:
                job.failure = BenchraceError(
                    Category.CANCELLED,
                    f"{job.machine_id} has not ended its job within {self._limits.end_s:g} s",
                ).failure()

    def _retry_refused(self, now_ns: int) -> None:
        """Send a job again to a machine that was busy with something else."""
        if now_ns - self._retried_ns < self._limits.retry_s * 1e9:
            return
        self._retried_ns = now_ns
        for job in self._going():
            if job.refusal is None:
                continue
            waited_ns = now_ns - max(self._since_ns, job.released_ns)
            if waited_ns >= self._limits.arrival_s * 1e9 or job.cancel is not None:
                job.failure = job.refusal
            else:
                job.refusal = None
                self._fleet.post(job.machine_id, StartJob(spec=job.spec))

    # Rounds

    def _shorten(self) -> None:
        """Shorten adaptive lanes whose estimate is precise enough."""
        if self._run.metadata.spec.rounds != "auto":
            return
        for job in self._going():
            for lane in job.spec.lanes:
                if lane.lane_id not in job.shorten and self._run.fold.settled(lane.lane_id):
                    job.shorten[lane.lane_id] = self._rounds_to_keep(lane.lane_id)
                    self._fleet.post(job.machine_id, job.shortening(lane.lane_id))

    def _rounds_to_keep(self, lane_id: str) -> int:
        """Return how many rounds a settled lane has: those that any of its machines has begun.

        Machines that generate load together must end with the same round.
        """
        rounds = self._run.progress.least(lane_id)
        shared = self._shared.get(lane_id, ())
        begun = self._run.progress.begun
        return max(
            (
                rounds,
                *(max(begun.get(job, -1), self._run.jobs[job].last_go) + 1 for job in shared),
                *(self._run.jobs[job].shorten.get(lane_id, 0) for job in shared),
            )
        )

    def _rank(self, now_ns: int) -> None:
        """Emit the standing after a heat, at most twice a second."""
        going = self._going()
        finished = self._run.progress.finished
        done = min((finished.get(job.job_id, -1) for job in going), default=self._heats_done)
        if done > self._heats_done and now_ns - self._standing_ns >= STANDING_NS:
            self._heats_done = done
            self._standing_ns = now_ns
            self.rank()
