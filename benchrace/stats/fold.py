"""The fold: a run's log in, its summary out. Pure; the same lines give the same summary."""

import msgspec

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events import (
    Artifact,
    JobCancelled,
    JobError,
    JobTimeout,
    Known,
    LaneError,
    RoundDone,
    RunLifecycle,
    decode,
    head,
)
from benchrace.events.payloads import RunPhase, StandingPayload
from benchrace.kinds import Metric
from benchrace.run.lines import Lines
from benchrace.run.metadata import RunLane, RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import HeatStart, RoundSummary, RunSummary
from benchrace.stats import brief
from benchrace.stats.agreement import agreements
from benchrace.stats.artifacts import ArtifactFold
from benchrace.stats.knee import knees
from benchrace.stats.lane import LaneFold
from benchrace.stats.place import declared, standing
from benchrace.stats.said import said
from benchrace.stats.stamps import stamps
from benchrace.stats.tokens import remarks

_FOLDED = frozenset(
    {
        "artifact",
        "round_done",
        "lane_error",
        "job_error",
        "job_timeout",
        "job_cancelled",
        "run_lifecycle",
    }
)


class Fold:
    """Reads a run's log in pieces of any size; duplicates by (job, stream, seq) count once.

    A lane takes rounds of its own job alone: another attempt's do not mix in. `artifacts` are the
    files that were named so far.
    """

    def __init__(self, metadata: RunMetadata) -> None:
        self._metadata = metadata
        self._lines = Lines()
        self._seen: set[tuple[str | None, str, int]] = set()
        self._heats: dict[int, HeatStart] = {}
        self._lanes = {
            lane.lane_id: LaneFold(lane, _metrics(metadata, lane)) for lane in metadata.lanes
        }
        self._stamps = stamps(metadata.machines)
        self.artifacts = ArtifactFold(metadata)
        self.unreadable = 0

    def feed(self, lines: bytes) -> None:
        """Take the next bytes of the log; a line may come in several pieces."""
        for line in self._lines.feed(lines):
            event = self._event(line)
            if event is not None:
                self._take(event)

    def summary(self) -> RunSummary:
        """Summarise what was read so far."""
        folds = tuple(self._lanes.values())
        agreed = agreements(folds)
        lanes = tuple(
            msgspec.structs.replace(each.summary(), agreement=agreed.get(each.lane.lane_id))
            for each in folds
        )
        places = self.standing()
        winner, reason = declared(places, folds)
        return RunSummary(
            run_id=self._metadata.run_id,
            lanes=lanes,
            heats=tuple(self._heats[heat] for heat in sorted(self._heats)),
            standing=places,
            winner=winner,
            winner_reason=reason,
            remarks=remarks(folds),
            knees=knees(folds),
            artifacts=tuple(self.artifacts.named),
            artifacts_left_out=self.artifacts.left_out,
        )

    def standing(self) -> StandingPayload | None:
        """Rank the lanes by the first headline metric; None where none is declared."""
        return standing(tuple(self._lanes.values()), self._stamps)

    def settled(self, lane_id: str) -> bool:
        """Tell whether an adaptive lane has enough rounds; raises `KeyError` for no lane's id."""
        return self._lanes[lane_id].settled

    def _event(self, line: bytes) -> Known | None:
        try:
            start = head(line)
            if start.type not in _FOLDED:
                return None
            key = (start.job_id, start.stream, start.seq)
            event = decode(line)
        except (msgspec.DecodeError, BenchraceError):
            self.unreadable += 1
            return None
        if not isinstance(event, Known):
            # A newer version says in it what this one has no word for.
            self.unreadable += 1
            return None
        if key in self._seen:
            return None
        self._seen.add(key)
        return event

    def _take(self, event: Known) -> None:
        match event:
            case RoundDone():
                self._round(event)
            case Artifact():
                self.artifacts.take(event)
            case LaneError():
                if (lane := self._lane(event)) is not None:
                    lane.fail(event.payload.error)
            case JobError() | JobTimeout() | JobCancelled():
                self._end(event)
            case RunLifecycle():
                self._start(event)
                self._over(event)
            case _:
                return

    def _round(self, event: RoundDone) -> None:
        lane = self._lane(event)
        if lane is None or event.round is None:
            return
        done = event.payload
        summary = RoundSummary(
            round=event.round,
            warmup=done.warmup,
            heat=done.heat,
            verdict=done.verdict.level,
            reasons=done.verdict.reasons,
            measured=done.measured,
            elapsed_ns=done.elapsed_ns,
            error=done.error,
        )
        stamps_ms = self._stamps.get(lane.lane.machine_id)
        lane.add(brief.judged(summary, lane.ranking, stamps_ms), said(done.record))

    def _end(self, event: JobError | JobTimeout | JobCancelled) -> None:
        """End the lanes of a job that did not reach the end of its schedule."""
        failure = _failure(event)
        planned = self._metadata.rounds + self._metadata.warmup
        for lane in self._lanes.values():
            if _of_job(lane.lane, event):
                lane.cut_off(failure, planned)

    def _start(self, event: RunLifecycle) -> None:
        began = event.payload
        if began.phase is RunPhase.HEAT_START and began.heat is not None:
            self._heats[began.heat] = HeatStart(
                heat=began.heat,
                spread_ns=began.spread_ns,
                uncertainty_ns=began.uncertainty_ns,
                staggered=began.staggered,
            )

    def _over(self, event: RunLifecycle) -> None:
        """Say why a lane stops in the middle whose job never came to an end.

        A run that had late lines ends once more: its last end holds.
        """
        over = event.payload
        if over.phase is not RunPhase.RUN_END:
            return
        failure = None
        if over.state == RunState.INTERRUPTED:
            reason = over.reason or "the run was interrupted"
            failure = BenchraceError(Category.INTERRUPTED, reason).failure()
        for lane in self._lanes.values():
            lane.interrupt(failure, self._metadata.rounds + self._metadata.warmup)

    def _lane(self, event: RoundDone | LaneError) -> LaneFold | None:
        lane = self._lanes.get(event.lane_id) if event.lane_id is not None else None
        if lane is None or lane.lane.job_id not in (None, event.job_id):
            return None
        return lane


def _metrics(metadata: RunMetadata, lane: RunLane) -> tuple[Metric, ...]:
    workload = metadata.workloads.get(lane.backend)
    return () if workload is None else workload.metrics


def _of_job(lane: RunLane, event: JobError | JobTimeout | JobCancelled) -> bool:
    if lane.job_id is None:
        return lane.machine_id == event.machine_id
    return lane.job_id == event.job_id


def _failure(event: JobError | JobTimeout | JobCancelled) -> Failure:
    match event:
        case JobCancelled():
            return BenchraceError(Category.CANCELLED, event.payload.reason).failure()
        case JobError() | JobTimeout():
            said = event.payload
            return BenchraceError(said.category, said.message, said.remedy).failure()
