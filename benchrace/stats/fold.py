"""The fold: from a run's log to its summary. Pure; the same lines give the same summary."""

from collections import defaultdict

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.events import (
    Artifact,
    ClockStep,
    JobCancelled,
    JobDone,
    JobError,
    JobStart,
    JobTimeout,
    Known,
    LaneError,
    RoundDone,
    RoundStart,
    RunLifecycle,
    RuntimeSample,
    decode,
    head,
)
from benchrace.events.payloads import RunPhase, StandingPayload
from benchrace.run.clients import jobs_of
from benchrace.run.metadata import RunMetadata, machine_labels
from benchrace.run.states import RunState
from benchrace.run.summary import HeatStart, RunSummary
from benchrace.stats.artifacts import ArtifactFold
from benchrace.stats.clients.ends import belongs, failure_of
from benchrace.stats.clients.rounds import ClientRounds
from benchrace.stats.clock_steps import ClockSteps
from benchrace.stats.energy.cover import remarks as energy_remarks
from benchrace.stats.energy.fold import EnergyFold
from benchrace.stats.judge import Judge, metrics_of
from benchrace.stats.lane import LaneFold
from benchrace.stats.ranking import declared, standing
from benchrace.stats.result.result import result
from benchrace.stats.result.shared_host import shared
from benchrace.stats.round_bounds import RoundBounds
from benchrace.stats.simulated import REMARK as SIMULATED
from benchrace.stats.text.agreement import agreements
from benchrace.stats.text.ceiling import CeilingShares
from benchrace.stats.text.knee import knees
from benchrace.stats.text.text_identity import text_facts
from benchrace.stats.text.tokens import remarks
from benchrace.stats.throttling import Throttling
from benchrace.stats.timing_error import stamps
from benchrace.view.lines import OUTPUT, Lines

_FOLDED = frozenset(
    {
        "artifact",
        "clock_step",
        "job_done",
        "job_start",
        "round_start",
        "runtime_sample",
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
        target = None if metadata.spec.rounds == "auto" else metadata.rounds
        self._lanes = {
            lane.lane_id: LaneFold(lane, metrics_of(metadata, lane), target)
            for lane in metadata.lanes
        }
        self._clients = ClientRounds(metadata)
        self._tags = _FOLDED | {"chunks"} if self._clients.used else _FOLDED
        self._clocks = ClockSteps()
        self._bounds = RoundBounds(metadata)
        self._energy = EnergyFold(metadata, self._bounds)
        self._ceilings = CeilingShares(metadata)
        self._throttling: defaultdict[str | None, Throttling] = defaultdict(Throttling)
        self._stamps = stamps(metadata.machines)
        self._judge = Judge(metadata)
        self.artifacts = ArtifactFold(metadata)
        self.unreadable = 0
        self._ended = metadata.state.final
        self._done: set[str | None] = set()
        self._simulated = metadata.simulated

    def feed(self, lines: bytes) -> None:
        """Process the next bytes of the log; a line may come in several pieces."""
        for line in self._lines.feed(lines):
            if line.startswith(OUTPUT):
                continue
            event = self._event(line)
            if event is not None:
                self._take(event)

    def summary(self) -> RunSummary:
        """Summarise what was read so far."""
        self._mark_throttled()
        folds = self.lanes
        agreed = agreements(folds)
        lanes = tuple(
            msgspec.structs.replace(
                self._energy.with_energy(summary),
                agreement=agreed.get(summary.lane_id),
                ceiling=self._ceilings.share(summary),
                client_loads=self._clients.summaries(fold.lane),
            )
            for fold, summary in ((fold, fold.summary()) for fold in folds)
        )
        places = self.standing()
        winner, reason = declared(places, folds, self._stamps)
        summary = RunSummary(
            run_id=self._metadata.run_id,
            lanes=lanes,
            heats=tuple(self._heats[heat] for heat in sorted(self._heats)),
            standing=places,
            winner=winner,
            winner_reason=reason,
            remarks=(
                *((SIMULATED,) if self._simulated else ()),
                *remarks(folds),
                *shared(machine_labels(self._metadata), self._metadata.hosts),
                *self._clocks.remarks(),
                *energy_remarks(lanes),
            ),
            knees=knees(folds),
            artifacts=tuple(self.artifacts.named),
            artifacts_left_out=self.artifacts.left_out,
            simulated=self._simulated,
        )
        return msgspec.structs.replace(
            summary, result=result(self._metadata, summary, over=self._ended)
        )

    def standing(self) -> StandingPayload | None:
        """Rank the lanes by the first headline metric; None where none is declared."""
        self._mark_throttled()
        return standing(self.lanes, self._stamps)

    @property
    def lanes(self) -> tuple[LaneFold, ...]:
        """Return the lanes so far, in the run's order."""
        return tuple(self._lanes.values())

    def settled(self, lane_id: str) -> bool:
        """Check whether an adaptive lane has enough rounds; raises `KeyError` for an unknown id."""
        return self._lanes[lane_id].settled

    def _event(self, line: bytes) -> Known | None:
        try:
            start = head(line)
            if start.type not in self._tags:
                return None
            key = (start.job_id, start.stream, start.seq)
            event = decode(line)
        except (msgspec.DecodeError, BenchraceError):
            self.unreadable += 1
            return None
        if not isinstance(event, Known):
            # A newer version may use values in it that this one does not know.
            self.unreadable += 1
            return None
        if key in self._seen:
            return None
        # Samples are many, and in order: those that come twice are recognised by their time.
        if not isinstance(event, RuntimeSample):
            self._seen.add(key)
        return event

    def _take(self, event: Known) -> None:
        for done in self._clients.take(event):
            self._round(done)
        match event:
            case JobStart() | RoundStart():
                self._begin(event)
            case RuntimeSample():
                self._energy.take(event)
                self._throttling[event.job_id].take(event)
            case Artifact():
                self.artifacts.take(event)
            case ClockStep():
                self._clocks.take(event)
            case LaneError():
                if (lane := self._lanes.get(event.lane_id or "")) and belongs(lane.lane, event):
                    lane.fail(failure_of(self._metadata, lane.lane, event))
            case JobDone() | JobError() | JobTimeout() | JobCancelled():
                self._end(event)
            case RunLifecycle():
                self._start(event)
                self._over(event)
            case _:
                return

    def _begin(self, event: JobStart | RoundStart) -> None:
        self._bounds.take(event)
        if isinstance(event, JobStart):
            self._simulated |= event.payload.simulated

    def _round(self, event: RoundDone) -> None:
        lane = self._lane(event)
        if lane is None or event.round is None:
            return
        text = text_facts(event.payload.record)
        lane.add(self._judge.judge(event), text)
        self._bounds.take(event)
        self._energy.done(event, text)

    def _mark_throttled(self) -> None:
        """Mark rounds by their samples, which may come after them."""
        for fold in self._lanes.values():
            workload = self._metadata.workloads.get(fold.lane.backend)
            for done in fold.rounds:
                bounds = self._bounds.of(fold.lane.lane_id, done.round)
                if bounds is not None and bounds.job_id in self._throttling:
                    throttling = self._throttling[bounds.job_id]
                    for reason in throttling.reasons(fold.lane, workload, bounds):
                        fold.mark(done.round, reason)

    def _end(self, event: JobDone | JobError | JobTimeout | JobCancelled) -> None:
        """Note a job's end; one before the end of its schedule ends its lanes."""
        if isinstance(event, JobDone):
            self._done.add(event.job_id)
            return
        for lane in self._lanes.values():
            if belongs(lane.lane, event):
                lane.cut_off(failure_of(self._metadata, lane.lane, event), self._metadata.rounds)

    def _start(self, event: RunLifecycle) -> None:
        began = event.payload
        if began.phase is RunPhase.HEAT_START and began.heat is not None:
            start = HeatStart(
                heat=began.heat,
                spread_ns=began.spread_ns,
                uncertainty_ns=began.uncertainty_ns,
                staggered=began.staggered,
            )
            before = None if event.lane_id is None else self._heats.get(began.heat)
            self._heats[began.heat] = start if before is None else _wider(before, start)

    def _over(self, event: RunLifecycle) -> None:
        """Mark the lanes that an interrupted run cut off; not those whose jobs are done.

        A run that had late lines ends once more: its last end holds.
        """
        over = event.payload
        if over.phase is not RunPhase.RUN_END:
            return
        self._ended = True
        failure = None
        if over.state == RunState.INTERRUPTED:
            reason = over.reason or "the run was interrupted"
            failure = BenchraceError(Category.INTERRUPTED, reason).failure()
        for lane in self._lanes.values():
            is_done = self._done.issuperset(jobs_of(lane.lane))
            lane.interrupt(None if is_done else failure, self._metadata.rounds)
        for done in self._clients.unfinished():
            if (own := self._lane(done)) is not None:
                own.add(self._judge.judge(done), provisional=True)

    def _lane(self, event: RoundDone) -> LaneFold | None:
        lane = self._lanes.get(event.lane_id) if event.lane_id is not None else None
        if lane is None or lane.lane.job_id not in (None, event.job_id):
            return None
        return lane


def _wider(one: HeatStart, other: HeatStart) -> HeatStart:
    """Return the start of a heat that lanes began by themselves: the widest spread of one."""
    spreads = [one.spread_ns, other.spread_ns]
    wider = max((one, other), key=lambda start: start.spread_ns or 0)
    if None in spreads:
        wider = one if one.spread_ns is None else other
    return msgspec.structs.replace(wider, staggered=one.staggered or other.staggered)
