"""How sure a result is: what limits it, as codes and sentences, and the level that follows."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchrace.events import Reason
from benchrace.formatting import percent, plural
from benchrace.run.findings.noise import NOISY_CV
from benchrace.run.result import Confidence, ConfidenceLevel
from benchrace.run.summary import LaneSummary, MetricSummary
from benchrace.stats.comparison.sample_size import MoreRounds
from benchrace.stats.result.contender import Contender
from benchrace.stats.result.phrases import is_speed, sentence
from benchrace.stats.result.shared_host import shared
from benchrace.stats.trend import trend

# Under these numbers of counted rounds.
FEW_ROUNDS = 5
VERY_FEW_ROUNDS = 3
VERY_NOISY_CV = 0.5
_THROTTLED = "throttl"
# As a share of a value: bounds that are closer make no one doubt it.
_NEGLIGIBLE = 0.005
# A GPU's number is its name.
_FIGURE = re.compile(r"(?<!GPU )\d+(?:[.,]\d+)*")


class Limit(NamedTuple):
    """What limits a result, and the highest confidence that it allows."""

    level: ConfidenceLevel
    code: str
    text: str


_ALONE = Limit(ConfidenceLevel.LOW, "no_runner_up", "no other lane has a result to compare with")


def confidence(
    lanes: Sequence[Contender],
    overlap: Limit | None,
    needed: MoreRounds | None,
    *,
    only: bool = False,
) -> Confidence:
    """Judge the lanes that decide: leader and runner-up, or those that are tied.

    `overlap` says why they are tied, `needed` how many rounds would separate them, `only` that the
    run has one lane, of which the value is judged.
    """
    names = tuple(lane.label for lane in lanes)
    limits = _unique(
        (
            *((overlap,) if overlap else ()),
            *((_ALONE,) if len(lanes) == 1 and not only else ()),
            *_spread(lanes),
            *_few(lanes),
            *_missing(lanes),
            *_drift(lanes),
            *_marks(lanes),
            *_estimates(lanes),
            *_machines(lanes),
            *_pointless(needed),
        )
    )
    levels = {limit.level for limit in limits}
    worst = (ConfidenceLevel.LOW, ConfidenceLevel.MEDIUM)
    level = next((level for level in worst if level in levels), ConfidenceLevel.HIGH)
    reasons = tuple(Reason(limit.code, sentence(limit.text, *names)) for limit in limits)
    text = " ".join(f"{reason.text}." for reason in reasons)
    return Confidence(
        level=level, reasons=reasons, text=f"Confidence: {level.value}. {text}".rstrip()
    )


def _spread(lanes: Sequence[Contender]) -> Iterator[Limit]:
    cv = max((lane.figure.cv or 0.0 for lane in lanes), default=0.0)
    if cv > NOISY_CV:
        level = ConfidenceLevel.LOW if cv > VERY_NOISY_CV else ConfidenceLevel.MEDIUM
        yield Limit(level, "noisy", f"rounds vary by {percent(cv)}")


def _few(lanes: Sequence[Contender]) -> Iterator[Limit]:
    n = min((lane.figure.n for lane in lanes), default=0)
    # That rounds are missing says how few there are.
    if n < FEW_ROUNDS and not any(lane.lane.missing and lane.lane.counted == n for lane in lanes):
        level = ConfidenceLevel.LOW if n < VERY_FEW_ROUNDS else ConfidenceLevel.MEDIUM
        yield Limit(level, "few_rounds", f"only {plural(n, 'round')} counted")


def _missing(lanes: Sequence[Contender]) -> Iterator[Limit]:
    """Yield the rounds that were not counted, once where all lanes have equally many."""
    short = [contender.lane for contender in lanes if contender.lane.missing]
    if len(short) == len(lanes) > 1 and len({(lane.counted, lane.missing) for lane in short}) == 1:
        text = f"only {short[0].counted} of {short[0].counted + short[0].missing} rounds counted"
        yield Limit(ConfidenceLevel.LOW, "missing_rounds", text)
        return
    for lane in short:
        low = lane is lanes[0].lane or lane.counted < VERY_FEW_ROUNDS
        level = ConfidenceLevel.LOW if low else ConfidenceLevel.MEDIUM
        text = f"{lane.label} has {lane.counted} of {lane.counted + lane.missing} rounds"
        yield Limit(level, "missing_rounds", text)


def _drift(lanes: Sequence[Contender]) -> Iterator[Limit]:
    for lane in lanes:
        drift = trend(lane.values)
        if drift is None or not drift.drifts:
            continue
        times_better = drift.times_better(lane.figure.better)
        improves = times_better > 1
        if is_speed(lane.figure.unit, lane.figure.better):
            verb = "still speeds up" if improves else "slows down"
        else:
            verb = "still improves" if improves else "gets worse"
        change = percent(abs(times_better - 1))
        text = f"{lane.label} {verb} from round 1 to {len(lane.values)}, by {change}"
        yield Limit(ConfidenceLevel.MEDIUM, "trend", text)


def _marks(lanes: Sequence[Contender]) -> Iterator[Limit]:
    """Yield the marks of SUSPECT lanes; a marked leader cannot win."""
    for index, lane in enumerate(lanes):
        level = ConfidenceLevel.MEDIUM if index else ConfidenceLevel.LOW
        if lane.suspect:
            causes: dict[tuple[str, str], Reason] = {}
            for mark in lane.lane.marks:
                causes.setdefault(_cause(mark), mark)
            for cause, mark in causes.items():
                text = f"{lane.label} is SUSPECT{_within(lane.lane, cause)}: {mark.text}"
                yield Limit(level, mark.code, text)
        else:
            for mark in lane.lane.marks:
                if _THROTTLED in mark.code:
                    yield Limit(ConfidenceLevel.MEDIUM, mark.code, f"{lane.label}: {mark.text}")


def _cause(mark: Reason) -> tuple[str, str]:
    """Return what marks have in common that differ from round to round in their figures alone."""
    return mark.code, _FIGURE.sub("", mark.text)


def _within(lane: LaneSummary, cause: tuple[str, str]) -> str:
    """Return how many rounds a cause marks, where it does not mark all of them."""
    counted = [done for done in lane.rounds if done.counted]
    marked = [done for done in counted if cause in map(_cause, done.reasons)]
    return f" in {len(marked)} of {len(counted)} rounds" if 0 < len(marked) < len(counted) else ""


def _estimates(lanes: Sequence[Contender]) -> Iterator[Limit]:
    for lane in lanes:
        unknown = lane.figure.unknown
        if _is_open(lane.figure):
            why = "" if unknown is None else f": {unknown.text}"
            text = f"the value of {lane.label} is an estimate{why}"
            yield Limit(ConfidenceLevel.MEDIUM, "estimate", text)


def _is_open(figure: MetricSummary) -> bool:
    """Check whether what is not known of a value is more than a reader could care about."""
    if figure.low is None or figure.high is None or figure.value is None:
        return figure.low is not None and figure.low != figure.high
    return figure.high - figure.low > _NEGLIGIBLE * abs(figure.value)


def _machines(lanes: Sequence[Contender]) -> Iterator[Limit]:
    for lane in lanes:
        if lane.throttled:
            text = f"machine {lane.machine} was throttled when the run began"
            yield Limit(ConfidenceLevel.MEDIUM, "throttled", text)
    labels = {lane.lane.machine_id: lane.machine for lane in lanes}
    hosts = {lane.lane.machine_id: lane.host for lane in lanes if lane.host is not None}
    for remark in shared(labels, hosts):
        yield Limit(ConfidenceLevel.LOW, remark.code, remark.text)


def _pointless(needed: MoreRounds | None) -> Iterator[Limit]:
    if needed is not None and needed.code is not None and needed.reason is not None:
        yield Limit(ConfidenceLevel.LOW, needed.code, needed.reason)


def _unique(limits: Sequence[Limit]) -> tuple[Limit, ...]:
    return tuple(dict.fromkeys(limits))
