"""The coordination of a run's jobs: one look decides all that is due, and may come at any time."""

from collections.abc import Iterable

import msgspec
from anyio import current_time

from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.job import GIVEN_UP, Job
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.startline import Line, Stand, margin_ns, next_line, spread
from benchrace.central.runs.startline import begun as begun_on_our_clock
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.events.payloads import RunLifecyclePayload, RunPhase, StandingPayload
from benchrace.formatting import duration
from benchrace.protocol.agent_central import Go, StartJob
from benchrace.protocol.offset import Offset
from benchrace.run.clients import has_clients, jobs_of
from benchrace.run.states import JobPhase

STANDING_NS = 500_000_000
# A better offset is waited for so long, where the known one would blur the spread.
SOUNDING_NS = 1_000_000_000
# Begins the reason of a cancel that no person requested; the log has it.
PARTNER = "without a part of its load a lane is not measured on"
# Looks come several times a second; after a longer pause this process itself was stopped.
AWAY_S = 2.0


class _Begun(msgspec.Struct):
    """A heat that was let go, until its spread is known."""

    jobs: tuple[str, ...]
    at_ns: int
    staggered: bool


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
        self._begun: dict[int, _Begun] = {}
        self._line_ns: dict[int, int] = {}
        self._heats_done = -1
        self._standing: StandingPayload | None = None
        self._standing_ns = 0
        self._shares_load = has_clients(run.metadata.lanes)
        self.staggered = run.metadata.staggered

    def look(self) -> bool:
        """Do what is due; true while anything is still expected."""
        # The order matters: timeouts are corrected before they are applied, failures and cancels
        # are known before a start is decided, and a start is sent before its spread is judged.
        now_ns = self._clock.monotonic_ns()
        self._reset_timeouts_after_pause(now_ns)
        self._run.emit_pending()
        self._restore_heats(now_ns)
        self._give_up(now_ns)
        self._stop_failed()
        self._stop_partners()
        self._cancel(now_ns)
        self._retry_refused(now_ns)
        self._start(now_ns)
        self._judge_starts(now_ns)
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
        for heat, begun in sorted(self._begun.items()):
            self._emit_start(heat, begun, self._clock.monotonic_ns())

    def _going(self) -> list[Job]:
        return [job for job in self._run.jobs.values() if not self._run.is_over(job)]

    def _restore_heats(self, now_ns: int) -> None:
        """Restore from the log the heats that an earlier central started."""
        for heat in self._run.progress.starts.keys() - self._run.started_heats:
            self._run.started_heats.add(heat)
            armed = tuple(job.job_id for job in self._run.jobs.values() if heat in job.armed)
            if armed and heat not in self._run.progress.spread:
                self._begun[heat] = _Begun(armed, now_ns, False)

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
        for fold in self._run.fold.lanes if self._shares_load else ():
            jobs = [job for name in jobs_of(fold.lane) if (job := self._run.jobs.get(name or ""))]
            failures = [job.failure for job in jobs if job.failure is not None]
            error = next(iter(failures), fold.error)
            if error is None or not fold.lane.clients:
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

    # The start line

    def _start(self, now_ns: int) -> None:
        if self._run.cancel is not None:
            return
        self._start_late(now_ns)
        line = next_line({job_id: self._stand(job) for job_id, job in self._run.jobs.items()})
        if line is None:
            return
        # At the first heat every job is waited for: a race without one of its lanes is worth
        # little. Later a slow machine only makes the others wait, and starts late by itself.
        self._line_ns.setdefault(line.heat, now_ns)
        waited_ns = now_ns - self._line_ns[line.heat]
        impatient = line.heat > 0 and waited_ns >= self._limits.keep_waiting_s * 1e9
        if line.awaited and not impatient:
            return
        # All start at one instant, each by its own clock, so the offsets between the clocks blur
        # the spread. They are measured again for up to a second, then the best ones are used.
        offsets = self._offsets(line.ready, now_ns)
        if self._is_precise(line.ready, offsets) or (
            waited_ns >= SOUNDING_NS and len(offsets) == len(line.ready)
        ):
            self._go(line, offsets, now_ns)
        else:
            for job_id in line.ready:
                self._fleet.measure_clock(self._run.jobs[job_id].machine_id)

    def _stand(self, job: Job) -> Stand:
        ready = (
            job.heat
            if job.phase is JobPhase.READY and job.heat not in self._run.started_heats
            else None
        )
        return Stand(
            armed=job.armed,
            ready=ready,
            begun=max(self._run.progress.begun.get(job.job_id, -1), job.last_go),
            over=self._run.is_over(job),
        )

    def _is_precise(self, jobs: Iterable[str], offsets: dict[str, Offset]) -> bool:
        limit_ns = self._limits.spread_s * 1e9 / 4
        return all(job in offsets and offsets[job].uncertainty_ns <= limit_ns for job in jobs)

    def _go(self, line: Line, offsets: dict[str, Offset], now_ns: int) -> None:
        round_trips = [
            self._fleet.get(self._run.jobs[job].machine_id).clock.round_trip_ns()
            for job in line.ready
        ]
        unsure = [offset.uncertainty_ns for offset in offsets.values()]
        at_ns = now_ns + margin_ns(round_trips, unsure)
        for job_id in line.ready:
            self._send_go(self._run.jobs[job_id], line.heat, offsets[job_id].theirs(at_ns))
        self._run.started_heats.add(line.heat)
        self._begun[line.heat] = _Begun(line.ready, now_ns, bool(line.awaited))

    def _start_late(self, now_ns: int) -> None:
        """Start jobs that reach a start line late, or whose start may have been lost."""
        for job in self._going():
            # A lost link may have lost the order to start: `last_go` is reset when the agent links
            # again. The log has the start where the order did arrive.
            late = job.phase is JobPhase.READY and job.heat in self._run.started_heats
            if not late or job.heat is None or job.last_go >= job.heat:
                continue
            if self._run.progress.begun.get(job.job_id, -1) >= job.heat:
                continue
            if offset := self._offsets((job.job_id,), now_ns).get(job.job_id):
                self._send_go(job, job.heat, offset.theirs(now_ns + margin_ns((), ())))

    def _send_go(self, job: Job, heat: int, at_ns: int) -> None:
        go = Go(job_id=job.job_id, heat=heat, at_ns=at_ns)
        # Without a link it is not noted as sent, and is sent when the agent is back.
        if self._fleet.post(job.machine_id, go):
            job.note_go(heat)

    def _offsets(self, jobs: Iterable[str], now_ns: int) -> dict[str, Offset]:
        offsets = {
            job: self._fleet.get(self._run.jobs[job].machine_id).offset(now_ns) for job in jobs
        }
        return {job: offset for job, offset in offsets.items() if offset is not None}

    def _judge_starts(self, now_ns: int) -> None:
        """Emit the spread of a heat once every job has begun it, or will not."""
        for heat, begun in list(self._begun.items()):
            starts = self._run.progress.starts.get(heat, {})
            missing = [
                job
                for job in begun.jobs
                if job not in starts and not self._run.is_over(self._run.jobs[job])
            ]
            if not missing or now_ns - begun.at_ns >= self._limits.keep_waiting_s * 1e9:
                self._emit_start(heat, begun, now_ns)

    def _emit_start(self, heat: int, begun: _Begun, now_ns: int) -> None:
        del self._begun[heat]
        all_starts = self._run.progress.starts.get(heat, {})
        starts = {job: all_starts[job] for job in begun.jobs if job in all_starts}
        offsets = self._offsets(starts, now_ns)
        measured = spread(starts, offsets)
        apart = measured is None or measured.spread_ns > self._limits.spread_s * 1e9
        staggered = begun.staggered or len(starts) < len(begun.jobs) or apart
        self.staggered |= staggered
        self._run.emit(
            RunLifecyclePayload(
                phase=RunPhase.HEAT_START,
                heat=heat,
                spread_ns=measured.spread_ns if measured else None,
                uncertainty_ns=measured.uncertainty_ns if measured else None,
                staggered=staggered,
                starts=begun_on_our_clock(starts, offsets) if self._shares_load else (),
            )
        )

    # Rounds

    def _shorten(self) -> None:
        """Shorten adaptive lanes whose estimate is precise enough."""
        if self._run.metadata.spec.rounds != "auto":
            return
        for job in self._going():
            for lane in job.spec.lanes:
                if lane.lane_id not in job.shorten and self._run.fold.settled(lane.lane_id):
                    job.shorten[lane.lane_id] = self._run.progress.least(lane.lane_id)
                    self._fleet.post(job.machine_id, job.shortening(lane.lane_id))

    def _rank(self, now_ns: int) -> None:
        """Emit the standing after a heat, at most twice a second."""
        going = self._going()
        finished = self._run.progress.finished
        done = min((finished.get(job.job_id, -1) for job in going), default=self._heats_done)
        if done > self._heats_done and now_ns - self._standing_ns >= STANDING_NS:
            self._heats_done = done
            self._standing_ns = now_ns
            self.rank()
