"""One round: from its start to its `round_done`, whatever the backend does."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.events import Level, Reason, RoundDone, RoundStart, Verdict
from benchrace.events import payloads as p
from benchrace.plugin import Kind, LaneRecord, Record, RoundInfo
from benchrace.protocol.job import JobSpec
from benchrace.run.planning.order import Slot
from benchrace.worker.job.calls import Calls
from benchrace.worker.job.terminal_events import failed
from benchrace.worker.job.verdict import Surroundings, judge, numbers, plain
from benchrace.worker.job.writer import Writer
from benchrace.worker.lanes.context import draw, nonce
from benchrace.worker.lanes.lane import OpenLane
from benchrace.worker.lanes.marks import Marks
from benchrace.worker.lanes.residency import SHARED
from benchrace.worker.lanes.settling import ENGINE_BUSY
from benchrace.worker.loop_lag import LoopMonitor
from benchrace.worker.plugin_errors import bug

# Records hold the beginnings of answers; a job may have thousands of rounds.
_MAX_EARLIER = 200


class Timed(NamedTuple):
    """What the timed part gave."""

    outcome: Record | BenchraceError
    elapsed_ns: int
    around: Surroundings


class Timing:
    """The timed part of a round: from its start to the first call of `stop`."""

    def __init__(self, clock: Clock, monitor: LoopMonitor) -> None:
        self._clock = clock
        self._monitor = monitor
        self._end: tuple[int, Surroundings] | None = None
        self._asleep = self._asleep_ns()
        monitor.begin()
        self.started_ns = clock.monotonic_ns()

    def stop(self) -> tuple[int, Surroundings]:
        """End it, and return how long it took and what happened around it."""
        if self._end is None:
            elapsed_ns = self._clock.monotonic_ns() - self.started_ns
            asleep_ns = self._asleep_ns() - self._asleep
            self._end = elapsed_ns, Surroundings(self._monitor.worst_ns(), asleep_ns)
        return self._end

    def _asleep_ns(self) -> int:
        return self._clock.boottime_ns() - self._clock.monotonic_ns()


class Rounds:
    """Plays rounds of one job."""

    def __init__(
        self, spec: JobSpec, *, writer: Writer, clock: Clock, calls: Calls, monitor: LoopMonitor
    ) -> None:
        self._spec = spec
        self._writer = writer
        self._clock = clock
        self._calls = calls
        self._monitor = monitor
        self._earlier: deque[LaneRecord] = deque(maxlen=_MAX_EARLIER)

    async def play(
        self, open_lane: OpenLane, slot: Slot, armed_ns: int | None
    ) -> p.RoundDonePayload:
        """Play one round and emit its events. Raises `JobEnded` for a bug of the plugin."""
        marks = Marks([metric.name for metric in open_lane.workload.kind.metrics])
        info = RoundInfo(
            round=slot.round,
            warmup=slot.warmup,
            nonce=nonce(self._spec.salt, self._spec.job_id, slot.lane_id, slot.round),
            draw=draw(self._spec.salt, self._spec.run_id or self._spec.job_id, slot.round),
            alone=open_lane.company.alone,
            stayed=open_lane.company.stayed,
            armed_ns=armed_ns,
        )
        open_lane.context.begin(info, marks, self._spec.timeout_s)
        try:
            try:
                timed = await self._timed(open_lane, slot, armed_ns)
            finally:
                open_lane.context.show_all()
                open_lane.context.write_stamps()
            if open_lane.company.alone is False and not marks.simulated:
                marks.suspect(SHARED, open_lane.company.text)
            if open_lane.busy is not None and not marks.simulated:
                marks.suspect(ENGINE_BUSY, open_lane.busy)
            done = self._judged(open_lane, slot, timed, marks)
        finally:
            open_lane.context.finish()
        return self._emit(done, slot)

    async def _timed(self, open_lane: OpenLane, slot: Slot, armed_ns: int | None) -> Timed:
        timing = Timing(self._clock, self._monitor)
        open_lane.context.on_stop = timing.stop
        self._writer.emit(
            RoundStart,
            p.RoundStartPayload(
                warmup=slot.warmup,
                heat=slot.heat,
                started_ns=timing.started_ns,
                armed_ns=armed_ns,
            ),
            lane_id=slot.lane_id,
            round_=slot.round,
        )
        outcome: Record | BenchraceError
        try:
            outcome = await self._calls.call(
                f"round {slot.round} of {open_lane.lane.label}",
                lambda: open_lane.backend.round(open_lane.lane, open_lane.context),
                self._spec.timeout_s,
            )
        except BenchraceError as error:
            outcome = error
        elapsed_ns, around = timing.stop()
        self._writer.check()
        return Timed(outcome, elapsed_ns, around)

    def _judged(
        self, open_lane: OpenLane, slot: Slot, timed: Timed, marks: Marks
    ) -> p.RoundDonePayload:
        kind = open_lane.workload.kind
        match timed.outcome:
            case BenchraceError() as error:
                return self._failed(
                    slot, timed.elapsed_ns, marks.verdict, error, kind.metrics_version
                )
            case record if isinstance(record, kind.record):
                pass
            case other:
                wrong = TypeError(f"it returned {other!r:.200}, expected {kind.record.__name__}")
                raise failed(bug(wrong, f"round {slot.round} of {open_lane.lane.label}"))
        try:
            values = plain(timed.outcome)
        except ValueError as error:
            verdict = marks.verdict.worse(Level.INVALID, "bad_output", str(error))
            return p.RoundDonePayload(
                warmup=slot.warmup,
                heat=slot.heat,
                elapsed_ns=timed.elapsed_ns,
                record=None,
                measured=(),
                verdict=verdict,
                metrics_version=kind.metrics_version,
            )
        try:
            measured = numbers(kind, timed.outcome, open_lane.lane.params, marks.measured)
        except Exception as error:
            raise failed(bug(error, f"deriving the metrics of {kind.name}")) from error
        verdict, figures = judge(marks.verdict, kind, measured, timed.around)
        if not marks.simulated:
            current = LaneRecord(lane_id=slot.lane_id, record=timed.outcome)
            verdict = self._reviewed(current, kind, verdict)
        return p.RoundDonePayload(
            warmup=slot.warmup,
            heat=slot.heat,
            elapsed_ns=timed.elapsed_ns,
            record=values,
            measured=figures,
            verdict=verdict,
            metrics_version=kind.metrics_version,
        )

    def _reviewed(self, current: LaneRecord, kind: Kind, verdict: Verdict) -> Verdict:
        """Compare a round with the earlier ones of the job, and keep it for the later ones."""
        if kind.review is None:
            return verdict
        try:
            reasons: Sequence[Reason] = tuple(kind.review(current, tuple(self._earlier)))
        except Exception as error:
            raise failed(bug(error, f"reviewing a round of {kind.name}")) from error
        if not reasons and verdict.level is not Level.INVALID:
            self._earlier.append(current)
        for reason in reasons:
            verdict = verdict.worse(Level.SUSPECT, reason.code, reason.text)
        return verdict

    def _failed(
        self, slot: Slot, elapsed_ns: int, verdict: Verdict, error: BenchraceError, version: int
    ) -> p.RoundDonePayload:
        return p.RoundDonePayload(
            warmup=slot.warmup,
            heat=slot.heat,
            elapsed_ns=elapsed_ns,
            record=None,
            measured=(),
            verdict=verdict.worse(Level.INVALID, error.category, error.message),
            metrics_version=version,
            error=error.failure(),
        )

    def _emit(self, done: p.RoundDonePayload, slot: Slot) -> p.RoundDonePayload:
        try:
            self._writer.emit(RoundDone, done, lane_id=slot.lane_id, round_=slot.round)
        except BenchraceError as error:
            self._writer.check()
            # The record is too long for a line.
            done = self._failed(slot, done.elapsed_ns, done.verdict, error, done.metrics_version)
            self._writer.emit(RoundDone, done, lane_id=slot.lane_id, round_=slot.round)
        return done
