"""Ranking: who is ahead, who is tied, and whether anyone has won."""

from collections.abc import Mapping, Sequence
from itertools import groupby, product

from benchrace.events import Level
from benchrace.events.payloads import StandingPayload, StandingPlace
from benchrace.formatting import listed
from benchrace.kinds import Better, Metric
from benchrace.run.clients import machines_of
from benchrace.stats.comparison.difference import half_width, lead
from benchrace.stats.estimate import Estimate
from benchrace.stats.lane import LaneFold
from benchrace.stats.text.tokens import unlike
from benchrace.stats.timing_error import Stamped, tie

_EXACT: Mapping[str, float] = {}


def standing(
    lanes: Sequence[LaneFold], errors: Mapping[str, float] = _EXACT
) -> StandingPayload | None:
    """Rank by the first headline metric, best first; lanes that cannot be told apart share a place.

    Places never contradict the order of the values: a lane shares the place of the lanes just
    before it if it cannot be told apart from the best of them, and equal values have equal places.
    The place after a tie of two at 1 is 3. A lane without a value has no place. None where no
    metric is declared. Where lanes count in tokens that are not comparable, the metric's substitute
    ranks. `errors` are the machines' stamps' in ms: see `stamps.tie`.
    """
    metric = _ranking(lanes)
    if metric is None:
        return None
    ranked = _ranked(lanes, metric)
    shared: list[list[tuple[LaneFold, Estimate]]] = []
    best: list[LaneFold] = []
    valued = [entry for entry in ranked if entry[1].value is not None]
    for _, group in groupby(valued, key=lambda entry: entry[1].value):
        equal = list(group)
        pairs = product(best, (lane for lane, _ in equal))
        if any(not _separated(metric, one, other, errors) for one, other in pairs):
            shared[-1].extend(equal)
        else:
            shared.append(equal)
            best = [lane for lane, _ in equal]
    places: list[StandingPlace] = []
    for tied in shared:
        place = len(places) + 1
        places.extend(_place(lane, place, estimate) for lane, estimate in tied)
    without = (entry for entry in ranked if entry[1].value is None)
    places.extend(_place(lane, None, estimate) for lane, estimate in without)
    return StandingPayload(metric=metric.name, places=tuple(places))


def _separated(metric: Metric, one: LaneFold, other: LaneFold, errors: Mapping[str, float]) -> bool:
    estimates = one.estimate(metric.name), other.estimate(metric.name)
    return apart(*estimates, _tie(metric, one, other, errors))


def _tie(metric: Metric, one: LaneFold, other: LaneFold, errors: Mapping[str, float]) -> float:
    def stamped(lane: LaneFold) -> Stamped:
        estimate = lane.estimates.get(metric.name)
        return Stamped(machines_of(lane.lane), None if estimate is None else estimate.summary)

    return tie(stamped(one), stamped(other), errors)


def _ranking(lanes: Sequence[LaneFold]) -> Metric | None:
    first = next((lane for lane in lanes if lane.ranking is not None), None)
    if first is None or first.ranking is None or first.ranking.across is None or not unlike(lanes):
        return None if first is None else first.ranking
    named = {metric.name: metric for metric in first.metrics}
    return named.get(first.ranking.across, first.ranking)


def apart(one: Estimate, other: Estimate, tie: float = 0.0) -> bool:
    """Check whether the 95 % interval of the difference excludes zero (Welch).

    The difference counts without what estimates leave open, and also has to exceed what the
    stamps' own error can make (`tie`). Without an interval (a single round) any other difference
    separates, and no winner is declared.
    """
    if one.value is None or other.value is None:
        return one.value is not other.value
    return lead(one, other) > max(half_width(one, other) or 0.0, tie)


def declared(
    places: StandingPayload | None,
    lanes: Sequence[LaneFold],
    errors: Mapping[str, float] = _EXACT,
) -> tuple[str | None, str | None]:
    """Return the winner's lane id, or why there is none.

    Nobody wins over a lane from which it cannot be told apart, whatever their places.
    """
    if places is None:
        return None, "no ranking metric is declared"
    named = {lane.lane.lane_id: lane for lane in lanes}
    ahead = [place for place in places.places if place.place == 1]
    rivals = [place for place in places.places if place.place is not None and place not in ahead]
    if not ahead:
        return None, "no lane has a counted round with a value"
    if len(lanes) == 1:
        return None, "there is only one lane"
    first = named[ahead[0].lane_id]
    level = [named[place.lane_id] for place in ahead[1:]]
    if (metric := _ranking(lanes)) is not None:
        beaten = (named[place.lane_id] for place in rivals)
        level.extend(lane for lane in beaten if not _separated(metric, first, lane, errors))
    if level:
        labels = [lane.lane.label for lane in (first, *level)]
        return None, f"too close to call: {listed(labels)}"
    if ahead[0].marked:
        texts = "; ".join(dict.fromkeys(reason.text for reason in first.marks)) or "suspect"
        return None, f"{first.lane.label} is ahead, but is marked: {texts}"
    if first.missing:
        return None, f"{first.lane.label} is ahead, but lacks rounds: {first.progress}"
    if not rivals:
        return None, "no other lane has a value"
    if ahead[0].low is None or rivals[0].low is None:
        return None, "an interval needs at least two rounds"
    return first.lane.lane_id, None


def _ranked(lanes: Sequence[LaneFold], metric: Metric) -> list[tuple[LaneFold, Estimate]]:
    sign = -1 if metric.better is Better.HIGHER else 1
    estimates = [(lane, lane.estimate(metric.name)) for lane in lanes]
    valued = [estimate for estimate in estimates if estimate[1].value is not None]
    valued.sort(key=lambda entry: sign * (entry[1].value or 0.0))
    return valued + [estimate for estimate in estimates if estimate[1].value is None]


def _place(lane: LaneFold, place: int | None, estimate: Estimate) -> StandingPlace:
    low, high = estimate.interval or (None, None)
    return StandingPlace(
        lane_id=lane.lane.lane_id,
        place=place,
        value=estimate.value,
        low=low,
        high=high,
        marked=lane.verdict is Level.SUSPECT,
    )
