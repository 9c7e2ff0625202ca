"""Start heats: who waits for whom, at which instant they begin, and how far apart they began."""

from collections.abc import Iterable

import msgspec

from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.job import Job
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.start.groups import StartGroups, StartKey
from benchrace.central.runs.start.line import Line, Stand, margin_ns, next_line, spread
from benchrace.central.runs.start.line import begun as begun_on_our_clock
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.events.payloads import RunLifecyclePayload, RunPhase
from benchrace.protocol.agent_central import Go
from benchrace.protocol.offset import Offset
from benchrace.run.clients import has_clients
from benchrace.run.states import JobPhase

# A better offset is waited for so long, where the known one would blur the spread.
SOUNDING_NS = 1_000_000_000


class _Begun(msgspec.Struct):
    """A heat that was let go, until its spread is known."""

    jobs: tuple[str, ...]
    at_ns: int
    staggered: bool


class Starter:
    """Decides from the current state which jobs begin their next heat, and judges what began."""

    def __init__(self, run: LiveRun, fleet: Fleet, limits: Limits, clock: Clock) -> None:
        self._run = run
        self._fleet = fleet
        self._limits = limits
        self._clock = clock
        self._groups = StartGroups(run.metadata)
        self._shares_load = has_clients(run.metadata.lanes)
        self._begun: dict[StartKey, _Begun] = {}
        self._line_ns: dict[StartKey, int] = {}
        self._restored: set[tuple[int, str]] = set()
        self.staggered = run.metadata.staggered

    def restore(self, now_ns: int) -> None:
        """Restore from the log the heats that an earlier central started."""
        new = self._run.progress.started - self._restored
        self._restored |= new
        for heat, job_id in new:
            key = self._groups.key(job_id, heat)
            if key in self._run.started:
                continue
            self._run.started.add(key)
            armed = tuple(
                job.job_id
                for job in self._run.jobs.values()
                if heat in job.armed and self._groups.key(job.job_id, heat) == key
            )
            if armed and key not in self._run.progress.spread:
                self._begun[key] = _Begun(armed, now_ns, False)

    def start(self, now_ns: int) -> None:
        """Start what is due, unless the run is to end."""
        if self._run.cancel is not None:
            return
        self._start_late(now_ns)
        for lane_id in self._groups.lanes:
            self._start_next(lane_id, now_ns)

    def judge(self, now_ns: int) -> None:
        """Emit the spread of a heat once every job has begun it, or will not."""
        for key, begun in list(self._begun.items()):
            starts = self._run.progress.starts.get(key[0], {})
            missing = [
                job
                for job in begun.jobs
                if job not in starts and not self._run.is_over(self._run.jobs[job])
            ]
            # Without the clock of one of its machines no rate of a shared load can be derived.
            missing = missing or self._without_offset(begun, starts, now_ns)
            if not missing or now_ns - begun.at_ns >= self._limits.keep_waiting_s * 1e9:
                self._emit_start(key, begun, now_ns)

    def close(self) -> None:
        """Judge the starts that are still open by what has arrived."""
        for key, begun in sorted(self._begun.items(), key=lambda entry: entry[0][0]):
            self._emit_start(key, begun, self._clock.monotonic_ns())

    # The next heat

    def _start_next(self, lane_id: str | None, now_ns: int) -> None:
        stands = {
            job_id: self._stand(job, lane_id)
            for job_id, job in self._run.jobs.items()
            if lane_id in (None, self._groups.lane_of(job_id))
        }
        line = next_line(stands)
        if line is None:
            return
        # At the first heat every job is waited for: a race without one of its lanes is worth
        # little. Later a slow machine only makes the others wait, and starts late by itself.
        self._line_ns.setdefault((line.heat, lane_id), now_ns)
        waited_ns = now_ns - self._line_ns[line.heat, lane_id]
        impatient = line.heat > 0 and waited_ns >= self._limits.keep_waiting_s * 1e9
        if line.awaited:
            whole = self._whole_lanes(line) if impatient else ()
            if not whole:
                return
            line = msgspec.structs.replace(line, ready=whole)
        # All start at one instant, each by its own clock, so the offsets between the clocks blur
        # the spread. They are measured again for up to a second, then the best ones are used.
        offsets = self._offsets(line.ready, now_ns)
        if self._is_precise(line.ready, offsets) or (
            waited_ns >= SOUNDING_NS and len(offsets) == len(line.ready)
        ):
            self._send(line.heat, line.ready, offsets, now_ns)
            key = line.heat, lane_id
            self._run.started.add(key)
            self._begun[key] = _Begun(line.ready, now_ns, bool(line.awaited))
        else:
            self._measure(line.ready)

    def _stand(self, job: Job, lane_id: str | None) -> Stand:
        """Return where a job stands at the start line of all machines, or of one lane."""
        heat = job.heat if job.phase is JobPhase.READY else None
        begun = self._begun_heat(job)
        ready = None
        if heat is not None:
            begun = max(begun, heat - 1)
            key = self._groups.key(job.job_id, heat)
            if key[1] == lane_id and key not in self._run.started and not _left_out(job, heat):
                ready = heat
        first_only = lane_id is None and self._groups.key(job.job_id, 1)[1] is not None
        return Stand(
            armed=job.armed & {0} if first_only else job.armed,
            ready=ready,
            begun=begun,
            over=self._run.is_over(job),
        )

    def _whole_lanes(self, line: Line) -> tuple[str, ...]:
        """Return who may begin without the awaited: a lane begins with all of its machines."""
        awaited = set(line.awaited)
        return tuple(job for job in line.ready if awaited.isdisjoint(self._groups.partners(job)))

    # Jobs that are late

    def _start_late(self, now_ns: int) -> None:
        """Start jobs that reach a start line late, or whose start may have been lost."""
        seen: set[str] = set()
        for job in self._run.jobs.values():
            if job.heat is None or job.job_id in seen or not self._is_late(job):
                continue
            partners = [self._run.jobs[name] for name in self._groups.partners(job.job_id)]
            if any(self._is_awaited(partner, job.heat) for partner in partners):
                continue
            late = [one for one in partners if one.heat == job.heat and self._is_late(one)]
            names = tuple(one.job_id for one in late)
            seen.update(names)
            offsets = self._offsets(names, now_ns)
            if len(offsets) < len(names):
                self._measure(names)
                continue
            self._send(job.heat, names, offsets, now_ns)
            lane_id = self._groups.lane_of(job.job_id)
            if len(late) == len(partners) > 1 and not self._is_open(job.heat, names):
                self._begun[job.heat, lane_id] = _Begun(names, now_ns, True)

    def _is_open(self, heat: int, jobs: tuple[str, ...]) -> bool:
        """Check whether the start of these jobs is still to be judged."""
        return any(
            key[0] == heat and set(jobs) <= set(begun.jobs) for key, begun in self._begun.items()
        )

    def _is_late(self, job: Job) -> bool:
        if job.phase is not JobPhase.READY or job.heat is None or self._run.is_over(job):
            return False
        if self._groups.key(job.job_id, job.heat) not in self._run.started:
            return False
        # A lost link may have lost the order to start: `last_go` is reset when the agent links
        # again. The log has the start where the order did arrive.
        return self._begun_heat(job) < job.heat and not _left_out(job, job.heat)

    def _is_awaited(self, job: Job, heat: int) -> bool:
        ready = job.heat if job.phase is JobPhase.READY else None
        stand = Stand(
            armed=job.armed,
            ready=ready,
            begun=self._begun_heat(job),
            over=self._run.is_over(job),
        )
        return ready != heat and not stand.has_passed(heat)

    def _begun_heat(self, job: Job) -> int:
        return max(self._run.progress.begun.get(job.job_id, -1), job.last_go)

    # Clocks and orders

    def _is_precise(self, jobs: Iterable[str], offsets: dict[str, Offset]) -> bool:
        limit_ns = self._limits.spread_s * 1e9 / 4
        return all(job in offsets and offsets[job].uncertainty_ns <= limit_ns for job in jobs)

    def _measure(self, jobs: Iterable[str]) -> None:
        for job_id in jobs:
            self._fleet.measure_clock(self._run.jobs[job_id].machine_id)

    def _send(
        self, heat: int, jobs: tuple[str, ...], offsets: dict[str, Offset], now_ns: int
    ) -> None:
        """Order jobs to begin a heat at one instant, each by its own clock."""
        round_trips = [
            self._fleet.get(self._run.jobs[job].machine_id).clock.round_trip_ns() for job in jobs
        ]
        unsure = [offset.uncertainty_ns for offset in offsets.values()]
        at_ns = now_ns + margin_ns(round_trips, unsure)
        for job_id in jobs:
            job = self._run.jobs[job_id]
            go = Go(job_id=job_id, heat=heat, at_ns=offsets[job_id].theirs(at_ns))
            # Without a link it is not noted as sent, and is sent when the agent is back.
            if self._fleet.post(job.machine_id, go):
                job.note_go(heat)

    def _offsets(self, jobs: Iterable[str], now_ns: int) -> dict[str, Offset]:
        offsets = {
            job: self._fleet.get(self._run.jobs[job].machine_id).offset(now_ns) for job in jobs
        }
        return {job: offset for job, offset in offsets.items() if offset is not None}

    # What began

    def _without_offset(self, begun: _Begun, starts: dict[str, int], now_ns: int) -> list[str]:
        if not self._shares_load:
            return []
        started = [job for job in begun.jobs if job in starts]
        lacking = self._offsets(started, now_ns)
        return [job for job in started if job not in lacking]

    def _emit_start(self, key: StartKey, begun: _Begun, now_ns: int) -> None:
        del self._begun[key]
        heat, lane_id = key
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
            ),
            lane_id=lane_id,
        )


def _left_out(job: Job, heat: int) -> bool:
    """Check whether a job of a shared load was told to stop before a heat."""
    lane = job.spec.lanes[0]
    return lane.part is not None and heat >= job.shorten.get(lane.lane_id, heat + 1)
