"""Series of runs with their histories: what each lane's value was in the runs before."""

from collections.abc import Sequence

import msgspec

from benchrace.api.runs import LaneHistory, SeriesAnswer, SeriesList
from benchrace.kinds import Better
from benchrace.run.states import RunState
from benchrace.stats.comparison.history import history_change
from benchrace.store.index import Index, Series
from benchrace.store.query import Direction, Query, Sort
from benchrace.store.run_row import RowLane, RunRow

# The runs whose values are shown and compared.
MAX_HISTORY = 30


def series_list(index: Index, query: Query) -> SeriesList:
    """List the series of the runs that a query selects; blocking."""
    page = index.series(query)
    histories = (
        msgspec.structs.replace(
            query,
            series=series.newest.series,
            limit=MAX_HISTORY,
            after=None,
            sort=Sort.CREATED,
            order=Direction.DESCENDING,
        )
        for series in page.series
    )
    answers = (
        _answer(series, index.page(history).runs[::-1])
        for series, history in zip(page.series, histories, strict=True)
    )
    return SeriesList(series=tuple(answers), next=page.next)


def _answer(series: Series, rows: Sequence[RunRow]) -> SeriesAnswer:
    finished = [row for row in rows if row.state is RunState.DONE]
    lanes = tuple(
        _history([row.lanes[place] for row in finished], lane)
        for place, lane in enumerate(finished[-1].lanes if finished else ())
    )
    return SeriesAnswer(
        newest=series.newest,
        runs=series.runs,
        run_ids=tuple(row.run_id for row in finished),
        lanes=lanes,
        leading=_leading(finished[-1]) if finished else None,
    )


def _history(lanes: Sequence[RowLane], newest: RowLane) -> LaneHistory:
    """Collect a lane's values; those of another metric or unit do not belong to them."""
    same = (newest.metric, newest.unit)
    values = tuple(lane.value if (lane.metric, lane.unit) == same else None for lane in lanes)
    unit, better = newest.unit or "", newest.better or Better.HIGHER
    return LaneHistory(
        label=newest.label, unit=unit, values=values, change=history_change(values, unit, better)
    )


def _leading(row: RunRow) -> int | None:
    shares = (place for place, lane in enumerate(row.lanes) if lane.share == 1)
    values = (place for place, lane in enumerate(row.lanes) if lane.value is not None)
    return next(shares, next(values, None))
