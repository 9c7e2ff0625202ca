"""One round: from its start to its `round_done`, whatever the backend makes of it."""

from collections.abc import Sequence
from typing import NamedTuple

from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.events import Level, RoundDone, RoundStart, Verdict
from benchrace.events import payloads as p
from benchrace.plugin import Record, RoundInfo
from benchrace.run.job import JobLane, JobSpec, Slot
from benchrace.worker.call import Calls
from benchrace.worker.context import nonce
from benchrace.worker.ending import failed
from benchrace.worker.failing import bug
from benchrace.worker.lane import Racer
from benchrace.worker.marks import Marks
from benchrace.worker.pulse import Pulse
from benchrace.worker.residency import SHARED
from benchrace.worker.verdict import Surroundings, judge, numbers, plain
from benchrace.worker.writer import Writer


def ordinal(lanes: Sequence[JobLane], lane_id: str) -> int:
    """Count the lanes before it that ask for the same model, of whatever backend: two backends
    may speak to one engine. Lanes of unlike models, which no cache shares, get equal prompts, so
    that their answers compare. A kind without models has lanes that are all alike.
    """
    lane = next(each for each in lanes if each.lane_id == lane_id)
    alike = [each.lane_id for each in lanes if _model(each) == _model(lane)]
    return alike.index(lane_id)


def _model(lane: JobLane) -> str:
    return str(lane.params.get("model", "")).casefold().removesuffix(":latest")


class Timed(NamedTuple):
    """What the timed part gave."""

    outcome: Record | BenchraceError
    elapsed_ns: int
    around: Surroundings


class Rounds:
    """Plays rounds of one job."""

    def __init__(
        self, spec: JobSpec, *, writer: Writer, clock: Clock, calls: Calls, pulse: Pulse
    ) -> None:
        self._spec = spec
        self._writer = writer
        self._clock = clock
        self._calls = calls
        self._pulse = pulse

    async def play(self, racer: Racer, slot: Slot, armed_ns: int | None) -> p.RoundDonePayload:
        """Play one round and emit its events. Raises `Over` for a bug of the plugin."""
        marks = Marks([metric.name for metric in racer.workload.kind.metrics])
        info = RoundInfo(
            round=slot.round,
            warmup=slot.warmup,
            nonce=nonce(self._spec.salt, slot.round, ordinal(self._spec.lanes, slot.lane_id)),
            alone=racer.company.alone,
            stayed=racer.company.stayed,
        )
        racer.context.begin(info, marks, self._spec.timeout_s)
        try:
            try:
                timed = await self._timed(racer, slot, armed_ns)
            finally:
                racer.context.show_all()
                racer.context.write_stamps()
            if racer.company.alone is False and not marks.simulated:
                marks.suspect(SHARED, racer.company.text)
            done = self._judged(racer, slot, timed, marks)
        finally:
            racer.context.finish()
        return self._emit(done, slot)

    async def _timed(self, racer: Racer, slot: Slot, armed_ns: int | None) -> Timed:
        asleep = self._asleep_ns()
        self._pulse.begin()
        started = self._clock.monotonic_ns()
        self._writer.emit(
            RoundStart,
            p.RoundStartPayload(
                warmup=slot.warmup, heat=slot.heat, started_ns=started, armed_ns=armed_ns
            ),
            lane_id=slot.lane_id,
            round_=slot.round,
        )
        outcome: Record | BenchraceError
        try:
            outcome = await self._calls.call(
                f"round {slot.round} of {racer.lane.label}",
                lambda: racer.backend.round(racer.lane, racer.context),
                self._spec.timeout_s,
            )
        except BenchraceError as error:
            outcome = error
        elapsed = self._clock.monotonic_ns() - started
        around = Surroundings(self._pulse.worst_ns(), self._asleep_ns() - asleep)
        self._writer.check()
        return Timed(outcome, elapsed, around)

    def _asleep_ns(self) -> int:
        return self._clock.boottime_ns() - self._clock.monotonic_ns()

    def _judged(self, racer: Racer, slot: Slot, timed: Timed, marks: Marks) -> p.RoundDonePayload:
        kind = racer.workload.kind
        match timed.outcome:
            case BenchraceError() as error:
                return self._failed(
                    slot, timed.elapsed_ns, marks.verdict, error, kind.metrics_version
                )
            case record if isinstance(record, kind.record):
                pass
            case other:
                wrong = TypeError(f"it returned {other!r:.200}, no {kind.record.__name__}")
                raise failed(bug(wrong, f"round {slot.round} of {racer.lane.label}"))
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
            measured = numbers(kind, timed.outcome, racer.lane.params, marks.measured)
        except Exception as error:
            raise failed(bug(error, f"deriving the metrics of {kind.name}")) from error
        verdict, kept = judge(marks.verdict, kind, measured, timed.around)
        return p.RoundDonePayload(
            warmup=slot.warmup,
            heat=slot.heat,
            elapsed_ns=timed.elapsed_ns,
            record=values,
            measured=kept,
            verdict=verdict,
            metrics_version=kind.metrics_version,
        )

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
