"""The end of a run as a table: each lane's place and numbers, and what to know about them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from benchrace.cli import sweep
from benchrace.cli.column import Scale, header, scale
from benchrace.cli.notes import formulas, notes
from benchrace.cli.text import clean_line, ordinal, percent
from benchrace.events import Level
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import MetricSummary

_STYLES = {Level.VALID: "green", Level.SUSPECT: "yellow", Level.INVALID: "red"}
_GAP = 2


class Column(msgspec.Struct, kw_only=True):
    """A column with its cells, one for each lane; those that `may_go` do so where it is narrow."""

    title: str
    cells: list[Text]
    right: bool = True
    may_go: bool = False

    @property
    def width(self) -> int:
        return max(len(self.title), *(each.cell_len for each in self.cells), 0)


def final(run: RunDocument, width: int) -> RenderableType:
    """Draw the lanes, best first, for `width` characters; below, all that a reader has to know."""
    lanes = ranked(run)
    columns = [
        Column(title="", cells=list(_places(run, lanes))),
        Column(title="lane", cells=[Text(clean_line(each.label)) for each in lanes], right=False),
        *_metrics(run, lanes),
        *_agreement(lanes),
        Column(title="rounds", cells=[Text(str(each.counted)) for each in lanes], may_go=True),
        Column(title="verdict", cells=[_verdict(each.verdict) for each in lanes], right=False),
    ]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    kept = fitting(columns, width)
    for column in kept:
        wraps = column.title == "lane"
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(Text(column.title), justify=justify, no_wrap=not wraps, overflow="fold")
    for row in range(len(lanes)):
        table.add_row(*(column.cells[row] for column in kept))
    below = [Text(each, style="dim") for each in formulas(run)]
    below += [Text(each) for each in sweep.lines(run)]
    below += [Text(each, style="yellow") for each in notes(run)]
    return Group(table, *below)


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Leave out columns that may go, the last first, until the others fit on one line each."""
    kept = list(columns)
    for column in [each for each in columns if each.may_go][::-1]:
        if sum(each.width + _GAP for each in kept) - _GAP <= width:
            break
        kept.remove(column)
    return kept


def ranked(run: RunDocument) -> list[DocumentLane]:
    """Give the lanes by place, those without one last, in the run's order."""
    said = run.standing.places if run.standing else ()
    order = {each.lane_id: at for at, each in enumerate(said) if each.place is not None}
    return sorted(run.lanes, key=lambda lane: order.get(lane.lane_id, len(run.lanes)))


def _numbers(run: RunDocument) -> dict[str, int]:
    places = run.standing.places if run.standing else ()
    return {each.lane_id: each.place for each in places if each.place is not None}


def _places(run: RunDocument, lanes: Sequence[DocumentLane]) -> Iterator[Text]:
    places = _numbers(run)
    shared = Counter(places.values())
    for lane in lanes:
        place = places.get(lane.lane_id)
        tie = "=" if place is not None and shared[place] > 1 else ""
        yield Text("-" if place is None else tie + ordinal(place), style="bold")


def _metrics(run: RunDocument, lanes: Sequence[DocumentLane]) -> Iterator[Column]:
    """Give a column for each headline metric; the first one comes with its interval and spread."""
    ranks = run.standing.metric if run.standing else None
    for index, (name, metric) in enumerate(headlines(lanes, ranks).items()):
        found = [lane.summary.get(name) for lane in lanes]
        by = scale((each.value for each in found if each), clean_line(metric.unit))
        yield Column(
            title=header(clean_line(metric.title), by.unit),
            cells=_cells(found, partial(_value, by)),
            may_go=index > 0,
        )
        if index == 0:
            yield from _spread(found, by)


def _value(by: Scale, metric: MetricSummary) -> str:
    return by.text(metric.value)


def _spread(found: Sequence[MetricSummary | None], by: Scale) -> Iterator[Column]:
    intervals = _cells(found, lambda each: by.interval(each.ci95))
    yield Column(title="95 % interval", cells=intervals)
    yield Column(title="CV", cells=_cells(found, lambda each: percent(each.cv)), may_go=True)


def _cells(
    found: Sequence[MetricSummary | None], say: Callable[[MetricSummary], str]
) -> list[Text]:
    return [Text("-" if each is None else say(each)) for each in found]


def _agreement(lanes: Sequence[DocumentLane]) -> Iterator[Column]:
    """Give a column where quants were compared by their answers."""
    told = [None if lane.agreement is None else lane.agreement.share for lane in lanes]
    if any(each is not None for each in told):
        yield Column(title="agrees", cells=[Text(percent(each)) for each in told])


def headlines(lanes: Sequence[DocumentLane], ranks: str | None = None) -> dict[str, MetricSummary]:
    """Give the metrics worth a column: what ranks, then any headline, in the order declared."""
    found: dict[str, MetricSummary] = {}
    for lane in lanes:
        if ranks is not None and ranks in lane.summary:
            found.setdefault(ranks, lane.summary[ranks])
    for lane in lanes:
        for name, each in lane.summary.items():
            if each.headline:
                found.setdefault(name, each)
    return found


def _verdict(level: Level | None) -> Text:
    return Text("-") if level is None else Text(level.value, style=_STYLES[level])
