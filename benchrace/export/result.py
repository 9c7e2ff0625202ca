"""The result of a run for reports: its head, and what each lane has of the best one."""

from collections import Counter
from collections.abc import Iterator, Mapping

from benchrace.export.grid import Grid
from benchrace.formatting import DASH, percent, precise, ratio, ratio_interval
from benchrace.run import headline
from benchrace.run.document import RunDocument
from benchrace.run.result import LaneResult, Result


def head(run: RunDocument) -> tuple[str, ...]:
    """Return the head as the terminal prints it; empty while nothing is ranked."""
    return () if run.result is None else headline.head(run.result)


def result_grids(run: RunDocument) -> Iterator[Grid]:
    """Yield the table of the result, where lanes can be compared."""
    result = run.result
    if result is None or result.runner_up is None:
        return
    labels = {lane.lane_id: lane.label for lane in run.lanes}
    places = place_texts(places_of(result))
    unit = f" ({result.unit})" if result.unit else ""
    yield Grid(
        title="Result",
        header=(
            "Place",
            "Lane",
            f"{value_title(run, result)}{unit}",
            "Share of the best",
            "Best / this lane",
            "95 % interval of the ratio",
            "CV",
            "",
        ),
        rows=tuple(
            _row(run, lane, places[lane.lane_id], labels[lane.lane_id]) for lane in result.lanes
        ),
    )


def value_title(run: RunDocument, result: Result) -> str:
    """Return the title of the result's values, with the statistic that they are."""
    summaries = (lane.summary.get(result.metric) for lane in run.lanes)
    figure = next(filter(None, summaries), None)
    return result.title if figure is None else figure.labelled(ranks=True)


def places_of(result: Result) -> dict[str, int | None]:
    """Return the place of each lane."""
    return {lane.lane_id: lane.place for lane in result.lanes}


def place_texts(places: Mapping[str, int | None]) -> dict[str, str]:
    """Return the places of lanes as text: `=2` where several share it."""
    shared = Counter(places.values())
    return {
        lane_id: DASH if place is None else f"{'=' if shared[place] > 1 else ''}{place}"
        for lane_id, place in places.items()
    }


def lane_result(run: RunDocument, lane_id: str) -> LaneResult | None:
    """Find what the result has of a lane."""
    lanes = () if run.result is None else run.result.lanes
    return next((lane for lane in lanes if lane.lane_id == lane_id), None)


def _row(run: RunDocument, lane: LaneResult, place: str, label: str) -> tuple[str, ...]:
    lead = lane.ratio
    return (
        place,
        label,
        precise(lane.value),
        percent(lane.share),
        DASH if lead is None else ratio(lead.value),
        DASH if lead is None else ratio_interval(lead.ci95),
        percent(lane.cv),
        _remark(run, lane),
    )


def _remark(run: RunDocument, lane: LaneResult) -> str:
    if lane.lane_id == run.winner:
        return "winner" if run.state.final else "leads so far"
    if run.result is not None and lane.lane_id in run.result.tied:
        return "tied"
    return (lane.ratio.reason or "") if lane.ratio is not None else ""
