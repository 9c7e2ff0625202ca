"""The end of a run as a table: each lane's place, its numbers, and what to know about them."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchrace.cli.text import clean_line, percent, quantity
from benchrace.errors import Failure
from benchrace.events import Level
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import MetricSummary

_PLACES = {1: "1st", 2: "2nd", 3: "3rd"}
_STYLES = {Level.VALID: "green", Level.SUSPECT: "yellow", Level.INVALID: "red"}


def final(run: RunDocument) -> RenderableType:
    """Draw the lanes, best first, with notes on all that a reader has to know below."""
    metrics = _headlines(run)
    first = next(iter(metrics), None)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("lane")
    for name, metric in metrics.items():
        table.add_column(metric.title, justify="right")
        if name == first:
            table.add_column("95 % interval", justify="right")
            table.add_column("CV", justify="right")
    table.add_column("rounds", justify="right")
    table.add_column("verdict")
    places = places_of(run)
    for lane in ranked(run):
        table.add_row(*_row(lane, metrics, places.get(lane.lane_id)))
    return Group(table, *(Text(note, style="yellow") for note in notes(run)))


def places_of(run: RunDocument) -> dict[str, int]:
    """Give each placed lane's place; ties share one."""
    places = run.standing.places if run.standing else ()
    return {each.lane_id: each.place for each in places if each.place is not None}


def ranked(run: RunDocument) -> list[DocumentLane]:
    """Give the lanes by place, those without one last, in the run's order."""
    places = places_of(run)
    last = len(run.lanes) + 1
    return sorted(run.lanes, key=lambda lane: places.get(lane.lane_id, last))


def notes(run: RunDocument) -> Iterator[str]:
    """Say all that limits what the numbers mean."""
    for lane in run.lanes:
        label = clean_line(lane.label)
        for mark in lane.marks:
            yield f"{label}: {clean_line(mark.text)} ({mark.code})"
        if lane.discarded:
            yield f"{label}: {lane.discarded} of its rounds did not count"
        error = lane.error or next((each.error for each in lane.rounds if each.error), None)
        if error:
            yield f"{label}: {_words(error)}"
    for left in run.left_out:
        why = [str(each) for each in left.fields]
        why += [f"{each.message} {each.remedy}" for each in left.problems]
        yield f"left out: {clean_line(left.label)}: {clean_line('; '.join(why))}"
    if run.staggered:
        yield "staggered: the machines did not start close enough together"
    if run.failure:
        yield _words(run.failure)
    if run.winner is None and run.winner_reason:
        yield f"no winner: {clean_line(run.winner_reason)}"


def _row(
    lane: DocumentLane, metrics: dict[str, MetricSummary], place: int | None
) -> Iterator[Text]:
    yield Text(_PLACES.get(place, f"{place}th") if place else "-", style="bold")
    yield Text(clean_line(lane.label))
    for index, (name, metric) in enumerate(metrics.items()):
        found = lane.summary.get(name)
        yield Text(quantity(found.value if found else None, metric.unit))
        if index == 0:
            yield Text(_interval(found, metric.unit))
            yield Text(percent(found.cv if found else None))
    yield Text(str(lane.counted))
    verdict = lane.verdict
    yield Text(verdict.value, style=_STYLES[verdict]) if verdict else Text("-")


def _interval(metric: MetricSummary | None, unit: str) -> str:
    if metric is None or metric.ci95 is None:
        return "-"
    low, high = metric.ci95
    return f"{quantity(low, unit)} .. {quantity(high, unit)}"


def _headlines(run: RunDocument) -> dict[str, MetricSummary]:
    """Give the metrics worth a column: any lane's headline ones, in the order declared."""
    found: dict[str, MetricSummary] = {}
    for lane in run.lanes:
        found |= {name: each for name, each in lane.summary.items() if each.headline}
    return found


def _words(failure: Failure) -> str:
    return clean_line(f"{failure.message}: {failure.remedy}")
