"""A gate: which headline metrics are clearly worse than in the baseline, and which are unknown."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from benchrace.run.document import RunDocument
from benchrace.stats.comparison.change import Verdict
from benchrace.stats.comparison.compare import Comparison, LanePair, MetricPair
from benchrace.stats.comparison.several import NAMES, RunsComparison


class Outcome(StrEnum):
    PASSED = "passed"
    WORSE = "worse"
    UNKNOWN = "unknown"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate found of one metric of a lane; `metric` is null where the lane has none.

    `run` is the name of the run that was compared with the baseline. `text` says what changed, or
    why that is unknown.
    """

    run: str
    lane: str
    metric: str | None
    outcome: Outcome
    text: str


def gate(
    comparison: RunsComparison, baseline: RunDocument, over: float = 0.0
) -> tuple[Checked, ...]:
    """Check each headline metric of each lane of the baseline.

    Worse is what is clearly worse and by more than `over`, a share: 0.05 is `5 % slower`. What
    neither side measures is left out, and so is what does not compare as the work differs, unless
    that leaves nothing of the lane.
    """
    return tuple(
        checked
        for name, one in zip(NAMES[1:], comparison.comparisons, strict=False)
        for checked in _run(name, one, baseline, over)
    )


def _run(name: str, one: Comparison, baseline: RunDocument, over: float) -> Iterator[Checked]:
    for pair in one.lanes:
        yield from _lane(name, pair, over)
    for lane in baseline.lanes:
        if lane.lane_id in one.only_a:
            yield _unknown(name, lane.label, f"{name} has no lane that matches it")
    if not one.lanes and not one.only_a:
        yield _unknown(name, "no lane", "the baseline has no lanes")


def _lane(name: str, pair: LanePair, over: float) -> Iterator[Checked]:
    headlines = [metric for metric in pair.metrics if metric.headline and _measured(metric)]
    comparable = [one for one in headlines if one.change.verdict is not Verdict.NOT_COMPARABLE]
    if not comparable:
        missing = (*pair.missing_a, *pair.missing_b)
        why = pair.work or "; ".join(missing) or "no headline metric of it was measured"
        yield _unknown(name, pair.label_a, why)
    for metric in comparable:
        outcome = _outcome(metric, over)
        change = metric.change
        text = change.text if outcome is not Outcome.UNKNOWN else change.reason or change.text
        if outcome is not Outcome.UNKNOWN and change.interval:
            text = f"{text} ({change.interval})"
        yield Checked(run=name, lane=pair.label_a, metric=metric.title, outcome=outcome, text=text)


def _measured(metric: MetricPair) -> bool:
    """Check whether either side has a value."""
    return any(side is not None and side.value is not None for side in (metric.a, metric.b))


def _outcome(metric: MetricPair, over: float) -> Outcome:
    change = metric.change
    if change.worse is None:
        return Outcome.UNKNOWN
    if not change.worse:
        return Outcome.PASSED
    # Without a ratio one of the values is 0 or less: no share of it is small.
    small = change.ratio is not None and 1 - change.ratio.value <= over
    return Outcome.PASSED if small else Outcome.WORSE


def _unknown(run: str, lane: str, why: str) -> Checked:
    return Checked(run=run, lane=lane, metric=None, outcome=Outcome.UNKNOWN, text=why)
