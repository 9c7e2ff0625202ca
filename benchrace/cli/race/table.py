"""The result table of a run: each lane's place and numbers, with footnotes."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from benchrace.cli.output.formatting import clean_line
from benchrace.cli.race import ceiling, clients, energy, sweep
from benchrace.cli.race.footnotes import formulas, notes
from benchrace.events import Level
from benchrace.formatting import Scale, ordinal, percent, scale
from benchrace.kinds import Estimator
from benchrace.run.document import DocumentLane, RunDocument, ranked
from benchrace.run.summary import MetricSummary

_STYLES = {Level.VALID: "green", Level.SUSPECT: "yellow", Level.INVALID: "red"}
_GAP = 2


class Column(msgspec.Struct, kw_only=True):
    """A column with its cells, one for each lane; `optional` ones go on narrow screens."""

    title: str
    cells: list[Text]
    right: bool = True
    optional: bool = False

    @property
    def width(self) -> int:
        return max(len(self.title), *(cell.cell_len for cell in self.cells), 0)


def result_table(run: RunDocument, width: int) -> RenderableType:
    """Draw the lanes, best first, for `width` characters, with formulas and notes below."""
    lanes = ranked(run)
    columns = [
        Column(title="", cells=list(_places(run, lanes))),
        Column(title="lane", cells=[Text(clean_line(lane.label)) for lane in lanes], right=False),
        *_metrics(run, lanes),
        *_agreement(lanes),
        Column(title="rounds", cells=[_rounds(lane) for lane in lanes], optional=True),
        Column(title="verdict", cells=[_verdict(lane.verdict) for lane in lanes], right=False),
    ]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    visible = fitting(columns, width)
    for column in visible:
        wraps = column.title == "lane"
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(Text(column.title), justify=justify, no_wrap=not wraps, overflow="fold")
    for row in range(len(lanes)):
        table.add_row(*(column.cells[row] for column in visible))
    below = [Text(formula, style="dim") for formula in formulas(run)]
    below += [Text(line) for line in energy.lines(run)]
    below += [Text(line) for line in ceiling.lines(run)]
    below += [Text(line) for line in clients.lines(run)]
    below += [Text(line) for line in sweep.lines(run)]
    below += [Text(note, style="yellow") for note in notes(run)]
    return Group(table, *below)


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Drop optional columns, the last first, until the others fit on one line each."""
    visible = list(columns)
    for column in [column for column in columns if column.optional][::-1]:
        if sum(column.width + _GAP for column in visible) - _GAP <= width:
            break
        visible.remove(column)
    return visible


def _numbers(run: RunDocument) -> dict[str, int]:
    places = run.standing.places if run.standing else ()
    return {place.lane_id: place.place for place in places if place.place is not None}


def _places(run: RunDocument, lanes: Sequence[DocumentLane]) -> Iterator[Text]:
    places = _numbers(run)
    shared = Counter(places.values())
    for lane in lanes:
        place = places.get(lane.lane_id)
        tie = "=" if place is not None and shared[place] > 1 else ""
        yield Text("-" if place is None else tie + ordinal(place), style="bold")


def _metrics(run: RunDocument, lanes: Sequence[DocumentLane]) -> Iterator[Column]:
    """Yield a column for each headline metric; the first one with its interval and spread."""
    ranks = run.standing.metric if run.standing else None
    for index, (name, metric) in enumerate(headlines(lanes, ranks).items()):
        summaries = [lane.summary.get(name) for lane in lanes]
        # The first column shows what its interval and its place are of.
        shown = [summary.typical(ranks=index == 0) for summary in summaries if summary]
        by = _scale(metric, shown)
        yield Column(
            title=header(clean_line(metric.labelled(ranks=index == 0)), by.unit),
            cells=_cells(summaries, partial(_typical, by, ranks=index == 0)),
            optional=index > 0,
        )
        if index == 0:
            yield from _spread(summaries, by)


def _scale(metric: MetricSummary, values: Sequence[float | None]) -> Scale:
    """Return the unit of a column; all digits of an exact count matter."""
    unit = clean_line(metric.unit)
    if metric.estimator is Estimator.COUNT:
        return Scale(1.0, unit)
    return scale(values, unit)


def header(title: str, unit: str) -> str:
    """Return a column's title: `Primes, M/s` rather than `Primes, Mprimes/s`."""
    short = unit.replace(title.lower(), "") if title.lower() in unit else unit
    return f"{title}, {short}" if short else title


def _typical(by: Scale, metric: MetricSummary, *, ranks: bool) -> str:
    return by.text(metric.typical(ranks=ranks))


def _spread(summaries: Sequence[MetricSummary | None], by: Scale) -> Iterator[Column]:
    intervals = _cells(summaries, lambda summary: by.interval(summary.ci95))
    yield Column(title="95 % interval", cells=intervals)
    yield Column(
        title="CV", cells=_cells(summaries, lambda summary: percent(summary.cv)), optional=True
    )


def _cells(
    summaries: Sequence[MetricSummary | None], say: Callable[[MetricSummary], str]
) -> list[Text]:
    return [Text("-" if summary is None else say(summary)) for summary in summaries]


def _agreement(lanes: Sequence[DocumentLane]) -> Iterator[Column]:
    """Yield a column where quantisations were compared by their answers."""
    shares = [None if lane.agreement is None else lane.agreement.share for lane in lanes]
    if any(share is not None for share in shares):
        yield Column(title="agrees", cells=[Text(percent(share)) for share in shares])


def headlines(lanes: Sequence[DocumentLane], ranks: str | None = None) -> dict[str, MetricSummary]:
    """Return the metrics that get a column: the ranking one, then all headlines as declared."""
    metrics: dict[str, MetricSummary] = {}
    for lane in lanes:
        if ranks is not None and ranks in lane.summary:
            metrics.setdefault(ranks, lane.summary[ranks])
    for lane in lanes:
        for name, summary in lane.summary.items():
            if summary.headline:
                metrics.setdefault(name, summary)
    return metrics


def _rounds(lane: DocumentLane) -> Text:
    if not lane.missing:
        return Text(str(lane.counted))
    return Text(f"{lane.counted} of {lane.counted + lane.missing}", style="red")


def _verdict(level: Level | None) -> Text:
    return Text("-") if level is None else Text(level.value, style=_STYLES[level])
