"""Build the result of a race from its summary: pure, so that old summaries give one as well."""

from collections.abc import Mapping, Sequence

from benchrace.kinds import Better, Estimator
from benchrace.run.findings.noise import NOISY_CV
from benchrace.run.metadata import RunMetadata
from benchrace.run.result import ConfidenceLevel, LaneResult, Ratio, Result
from benchrace.run.summary import RunSummary
from benchrace.stats.comparison.difference import half_width, lead
from benchrace.stats.comparison.ratio import ratio
from benchrace.stats.comparison.sample_size import MoreRounds, more_rounds
from benchrace.stats.estimate import Estimate
from benchrace.stats.ranking import apart
from benchrace.stats.result import wording
from benchrace.stats.result.confidence import Limit, confidence
from benchrace.stats.result.contender import Contender, contenders
from benchrace.stats.timing_error import stamps, tie


def result(metadata: RunMetadata, summary: RunSummary, *, over: bool) -> Result | None:
    """Return who won, by how much, and how sure that is; None while nothing is ranked.

    Places, ties and winner are the standing's. `over` says that the run has ended.
    """
    ranked = tuple(contenders(metadata, summary))
    first, *others = [lane for lane in ranked if lane.estimate.value is not None] or (None,)
    if first is None or summary.standing is None:
        return None
    errors = stamps(metadata.machines)
    tied = _tied(summary, first, others, errors)
    second = next(iter(tied[1:] or others), None)
    needed = overlap = None
    if second is not None and tied:
        error = tie(first.stamped, second.stamped, errors)
        needed = _needed(first, second, error)
        overlap = _overlap(first, second, error)
    deciding = tied or tuple(lane for lane in (first, second) if lane is not None)
    gaps = {lane.lane.lane_id: _gap(first, lane, errors) for lane in others}
    gap = None if second is None else gaps[second.lane.lane_id]
    outcome = wording.Outcome(
        lanes=deciding,
        only=len(summary.lanes) == 1,
        next_best=second is not None and second is others[0],
        won=summary.winner is not None,
        tied=bool(tied),
        over=over,
        gap=gap,
        overlap=None if overlap is None else overlap.text,
        why_none=summary.winner_reason,
        simulated=metadata.simulated or summary.simulated,
    )
    return Result(
        metric=summary.standing.metric,
        title=first.figure.title,
        unit=first.figure.unit,
        better=first.figure.better,
        lanes=tuple(_lane(lane, first, gaps.get(lane.lane.lane_id)) for lane in ranked),
        leader=first.lane.lane_id,
        runner_up=None if second is None else second.lane.lane_id,
        winner=summary.winner,
        tied=tuple(lane.lane.lane_id for lane in tied),
        ratio=gap,
        confidence=confidence(deciding, overlap, needed, only=len(summary.lanes) == 1),
        more_rounds=None if needed is None else needed.rounds,
        headline=wording.headline(outcome),
        margin=wording.margin(outcome),
        interval=wording.interval(outcome),
        detail=wording.detail(outcome),
    )


def _tied(
    summary: RunSummary,
    first: Contender,
    others: Sequence[Contender],
    errors: Mapping[str, float],
) -> tuple[Contender, ...]:
    """Return the lanes that may be as good as the first one, with it; their places may differ."""
    if summary.winner is not None:
        return ()
    level = tuple(
        lane
        for lane in others
        if lane.place == first.place
        or not apart(first.estimate, lane.estimate, tie(first.stamped, lane.stamped, errors))
    )
    return (first, *level) if level else ()


def _gap(first: Contender, other: Contender, errors: dict[str, float]) -> Ratio | None:
    error = tie(first.stamped, other.stamped, errors)
    if first.figure.better is Better.HIGHER:
        gap = ratio(first.estimate, other.estimate, error)
    else:
        gap = ratio(other.estimate, first.estimate, error)
    if gap is not None and gap.ci95 is not None and first.figure.estimator is Estimator.COUNT:
        return Ratio(value=gap.value, reason="counts are exact")
    return gap


def _needed(first: Contender, second: Contender, error: float) -> MoreRounds:
    if first.figure.estimator is Estimator.COUNT:
        return MoreRounds(None, "exact", "counts are exact, and more rounds do not change them")
    return more_rounds(first.estimate, second.estimate, error)


def _overlap(first: Contender, second: Contender, error: float) -> Limit:
    """Return why the two are tied."""
    one, other = first.estimate, second.estimate
    if one.value == other.value:
        return Limit(ConfidenceLevel.LOW, "equal", "the values are equal")
    if lead(one, other) <= (half_width(one, other) or 0.0):
        return Limit(ConfidenceLevel.LOW, "overlap", "the intervals overlap")
    if lead(one, other) <= error:
        return Limit(
            ConfidenceLevel.LOW, "timing_error", "the difference is within the timing error"
        )
    # A standing of an older version joined them over a lane between.
    return Limit(ConfidenceLevel.LOW, "overlap", "the intervals overlap")


def _lane(lane: Contender, first: Contender, gap: Ratio | None) -> LaneResult:
    cv = lane.figure.cv
    return LaneResult(
        lane_id=lane.lane.lane_id,
        place=lane.place,
        value=lane.estimate.value,
        ci95=lane.figure.ci95,
        share=_share(lane.estimate, first.estimate, first.figure.better),
        ratio=gap,
        rounds=lane.values,
        noisy=cv is not None and cv > NOISY_CV,
        cv=cv,
        host_id=None if lane.host is None else lane.host.host_id,
    )


def _share(lane: Estimate, best: Estimate, better: Better) -> float | None:
    part, whole = (lane.value, best.value) if better is Better.HIGHER else (best.value, lane.value)
    if lane is best:
        return 1.0
    if part is None or whole is None or whole <= 0 or part < 0:
        return None
    return part / whole
