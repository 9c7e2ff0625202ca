"""Where bars, whiskers and dots of a result lie, on one track for all lanes, as on the page."""

import math
from collections.abc import Sequence

import msgspec

from benchrace.kinds import Better
from benchrace.run.result import LaneResult, Result

# The track ends at this many times the best lane at most: an outlier must not flatten every bar.
MAX_END = 2.0
# More rounds than these are thinned out, by size, with the least and the greatest of them.
MAX_DOTS = 60


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """Positions from 0 to 1 along the track; what lies beyond it is drawn at its end.

    `whisker` is the interval; `open_end` says that it goes on past the end.
    """

    fill: float | None
    whisker: tuple[float, float] | None
    open_end: bool
    dots: tuple[float, ...]


def bars(result: Result) -> dict[str, Bar]:
    """Return the bar of each lane."""
    values = [lane.value for lane in result.lanes if lane.value is not None]
    best = max(values) if result.better is Better.HIGHER else min(values)

    def part(value: float) -> float:
        over, under = (value, best) if result.better is Better.HIGHER else (best, value)
        if under <= 0:
            return 1.0 if over <= 0 else math.inf
        return max(0.0, over / under)

    parts = [part(value) for lane in result.lanes for value in (*lane.rounds, *(lane.ci95 or ()))]
    end = min(MAX_END, max([1.0, *filter(math.isfinite, parts)]))

    def bar(lane: LaneResult) -> Bar:
        low, high = sorted(map(part, lane.ci95)) if lane.ci95 else (0.0, 0.0)
        return Bar(
            fill=None if lane.share is None else min(1.0, lane.share / end),
            whisker=(min(1.0, low / end), min(1.0, high / end)) if lane.ci95 else None,
            open_end=high > end,
            dots=tuple(min(1.0, part(value) / end) for value in thinned(lane.rounds)),
        )

    return {lane.lane_id: bar(lane) for lane in result.lanes}


def thinned(values: Sequence[float]) -> Sequence[float]:
    """Return at most `MAX_DOTS` of the values."""
    if len(values) <= MAX_DOTS:
        return values
    ordered = sorted(values)
    step = (len(ordered) - 1) / (MAX_DOTS - 1)
    return [ordered[round(number * step)] for number in range(MAX_DOTS)]
