"""The sentences of a result: headline, margin and detail."""

from collections.abc import Sequence

import msgspec

from benchrace.formatting import TIMES_NS, listed, quantity
from benchrace.kinds import Estimator
from benchrace.run.result import Ratio
from benchrace.stats.result import phrases
from benchrace.stats.result.contender import Contender


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the sentences are about: the lanes that decide, best first.

    `only` says that the run has one lane, `next_best` that no lane is between the first two,
    `overlap` why lanes are tied, `why_none` why nobody won. The headline of `simulated` machines
    says so, since it is quoted alone.
    """

    lanes: tuple[Contender, ...]
    only: bool
    next_best: bool
    won: bool
    tied: bool
    over: bool
    gap: Ratio | None
    overlap: str | None
    why_none: str | None
    simulated: bool = False


def headline(outcome: Outcome) -> str:
    """Return who won, or that nobody has."""
    text = _headline(outcome)
    return f"Simulated: {text}" if outcome.simulated else text


def _headline(outcome: Outcome) -> str:
    first = outcome.lanes[0].label
    if outcome.only:
        text = _value(outcome.lanes[0])
    elif outcome.tied:
        text = "Too close to call"
    elif outcome.won:
        text = f"{first} {'wins' if outcome.over else 'leads'}"
    elif len(outcome.lanes) == 1:
        text = f"Only {first} has a result"
    else:
        text = f"{first} is ahead"
    return text if outcome.over else f"{text} so far"


def margin(outcome: Outcome) -> str | None:
    """Return by how much the first lane is better; None where that is not certain."""
    if outcome.tied or outcome.gap is None:
        return None
    figure = outcome.lanes[0].figure
    return phrases.margin(outcome.gap.value, figure.unit, figure.better)


def interval(outcome: Outcome) -> str | None:
    """Return the interval of the lead, or of the value where there is one lane only."""
    figure = outcome.lanes[0].figure
    if outcome.only:
        return phrases.value_interval(figure)
    if outcome.gap is None:
        return None
    return phrases.interval(outcome.gap, figure.unit, figure.better)


def detail(outcome: Outcome) -> str:
    """Return the two values, or what stands between the lanes."""
    if outcome.only:
        return f"{outcome.lanes[0].figure.title} of the only lane, {outcome.lanes[0].label}"
    if outcome.tied:
        return _tie(outcome)
    values = _values(outcome.lanes[:2])
    first = outcome.lanes[0]
    # The confidence says how many rounds are missing, and which marks the lane has.
    in_doubt = first.lane.missing > 0 or first.suspect
    if outcome.won or outcome.why_none is None or len(outcome.lanes) == 1 or in_doubt:
        return values
    names = [lane.label for lane in outcome.lanes]
    return f"{values}. {phrases.sentence(outcome.why_none, *names)}"


def _value(lane: Contender) -> str:
    exact = lane.figure.estimator is Estimator.COUNT
    return quantity(lane.estimate.value, lane.figure.unit, exact=exact)


def _tie(outcome: Outcome) -> str:
    first, second, *others = outcome.lanes
    # Names of many lanes make no sentence; the table marks them.
    among = f"{len(outcome.lanes)} lanes"
    if first.estimate.value == second.estimate.value:
        return f"{among if others else listed([first.label, second.label])} are equal"
    by = ""
    if outcome.gap is not None:
        # By how much, without what it is more of.
        figure = first.figure
        lead, _, _ = phrases.margin(outcome.gap.value, figure.unit, figure.better).rpartition(" ")
        by = f" by {lead}"
    but = f"{among} are too close to call" if others else outcome.overlap
    whom = "" if outcome.next_best else f" of {second.label}"
    return f"{first.label} is ahead{whom}{by}, but {but}"


def _values(lanes: Sequence[Contender]) -> str:
    first = lanes[0]
    figure, unit = first.figure, first.figure.unit
    values = [lane.estimate.value or 0.0 for lane in lanes]
    exact = figure.estimator is Estimator.COUNT
    amounts = " against ".join(phrases.amounts(values, unit, exact=exact))
    if first.phrase:
        return f"{amounts} {first.phrase}"
    unit = "" if unit in TIMES_NS else unit
    return f"{figure.title}: {' '.join(filter(None, (amounts, unit)))}"
