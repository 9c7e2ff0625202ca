"""Places: who is ahead, who cannot be told apart, and whether anyone has won."""

from collections.abc import Mapping, Sequence

from benchrace.events import Level
from benchrace.events.payloads import StandingPayload, StandingPlace
from benchrace.kinds import Better, Metric
from benchrace.stats.difference import half_width
from benchrace.stats.estimate import Estimate
from benchrace.stats.lane import LaneFold
from benchrace.stats.stamps import Stamped, tie
from benchrace.stats.tokens import unlike

_EXACT: Mapping[str, float] = {}


def standing(
    lanes: Sequence[LaneFold], errors: Mapping[str, float] = _EXACT
) -> StandingPayload | None:
    """Rank by the first headline metric, best first; lanes that cannot be told apart share a place.

    Each lane is compared with the best one of the place before it; the place after a tie of two
    at 1 is 3. A lane without a value has no place. None where no metric is declared. Where lanes
    count in tokens that do not compare, the metric's substitute ranks. `errors` are the machines'
    stamps' in ms: see `stamps.tie`.
    """
    metric = _ranking(lanes)
    if metric is None:
        return None
    ranked = _ranked(lanes, metric)
    places: list[StandingPlace] = []
    place, best, ahead = 0, Estimate(value=None), lanes[0]
    for position, (lane, estimate) in enumerate(ranked, 1):
        if estimate.value is None:
            places.append(_place(lane, None, estimate))
            continue
        if best.value is None or apart(best, estimate, _tie(metric, ahead, lane, errors)):
            place, best, ahead = position, estimate, lane
        places.append(_place(lane, place, estimate))
    return StandingPayload(metric=metric.name, places=tuple(places))


def _tie(metric: Metric, one: LaneFold, other: LaneFold, errors: Mapping[str, float]) -> float:
    def stamped(lane: LaneFold) -> Stamped:
        made = lane.estimates.get(metric.name)
        return Stamped(lane.lane.machine_id, None if made is None else made.summary)

    return tie(stamped(one), stamped(other), errors)


def _ranking(lanes: Sequence[LaneFold]) -> Metric | None:
    first = next((each for each in lanes if each.ranking is not None), None)
    if first is None or first.ranking is None or first.ranking.across is None or not unlike(lanes):
        return None if first is None else first.ranking
    named = {each.name: each for each in first.metrics}
    return named.get(first.ranking.across, first.ranking)


def apart(one: Estimate, other: Estimate, tie: float = 0.0) -> bool:
    """Tell whether the 95 % interval of the difference excludes zero (Welch).

    The difference also has to exceed what the stamps' own error can make (`tie`). Without an
    interval (a single round) any other difference separates, and no winner is declared.
    """
    if one.value is None or other.value is None:
        return one.value is not other.value
    difference = abs(one.value - other.value)
    return difference > max(half_width(one, other) or 0.0, tie)


def declared(
    places: StandingPayload | None, lanes: Sequence[LaneFold]
) -> tuple[str | None, str | None]:
    """Name the winner by its lane id, or say why there is none."""
    if places is None:
        return None, "nothing is declared to rank by"
    named = {lane.lane.lane_id: lane for lane in lanes}
    ahead = [each for each in places.places if each.place == 1]
    rivals = [each for each in places.places if each.place is not None and each not in ahead]
    if not ahead:
        return None, "no lane has a counted round with a value"
    if len(ahead) > 1:
        labels = ", ".join(named[each.lane_id].lane.label for each in ahead)
        return None, f"these cannot be told apart: {labels}"
    first = named[ahead[0].lane_id]
    if ahead[0].marked:
        texts = "; ".join(reason.text for reason in first.marks) or "suspect"
        return None, f"{first.lane.label} is ahead and marked: {texts}"
    if not rivals:
        return None, "no other lane has a value" if len(lanes) > 1 else "one lane has no rival"
    if ahead[0].low is None or rivals[0].low is None:
        return None, "one round has no interval: ask for two rounds or more"
    return first.lane.lane_id, None


def _ranked(lanes: Sequence[LaneFold], metric: Metric) -> list[tuple[LaneFold, Estimate]]:
    sign = -1 if metric.better is Better.HIGHER else 1
    estimates = [(lane, lane.estimate(metric.name)) for lane in lanes]
    valued = [each for each in estimates if each[1].value is not None]
    valued.sort(key=lambda each: sign * (each[1].value or 0.0))
    return valued + [each for each in estimates if each[1].value is None]


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
