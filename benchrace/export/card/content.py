"""What a card has to say, before anybody knows where it stands."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from benchrace.export.drawing.scale import Bar, bars
from benchrace.export.hardware import shorter_lines
from benchrace.export.result import value_title
from benchrace.export.text import plain
from benchrace.export.title import names, title
from benchrace.formatting import percent, plural, quantity
from benchrace.kinds import Estimator
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.headline import doubts
from benchrace.run.result import ConfidenceLevel, LaneResult, Result
from benchrace.run.states import RunState

MAX_ROWS = 6
_FIGURE = re.compile(r"(?P<figure>[\d.,]+ ?[x%])(?: (?P<word>.+))?")


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the lane that the headline names, if any; it has the colour of `lane`."""

    before: str
    name: str = ""
    after: str = ""
    lane: int | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    lane: int
    value: str
    share: str
    bar: Bar


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """All text is foreign until it is escaped.

    `names` are of the lanes in the title. `state` is empty for a run that is done. `figure` is the
    margin in digits, `beside` what is said of it. `level` is null where nothing is ranked, and
    `doubt` is then empty. `hardware` has the same in fewer and fewer words, for narrow cards.
    """

    title: str
    names: tuple[str, ...]
    state: str
    headline: Headline
    figure: str
    beside: str
    detail: str
    level: ConfidenceLevel | None
    doubt: str
    rows: tuple[Row, ...]
    more: str
    axis: str
    hardware: tuple[str, ...]
    date: str
    run_id: str


def content(run: RunDocument, most: int = MAX_ROWS) -> Content:
    """Read the content from a run, with so many rows at most."""
    result = run.result
    margin = _margin(result)
    return Content(
        title=plain(title(run)),
        names=tuple(plain(name) for name in names(run)),
        state="" if run.state is RunState.DONE else run.state.value,
        headline=headline(run),
        figure=margin[0],
        beside=margin[1],
        detail=plain(_why_none(run) if result is None else result.detail),
        level=None if result is None else result.confidence.level,
        doubt="" if result is None else plain(doubts(result)),
        rows=() if result is None else tuple(_rows(run, result, most)),
        more=_more(result, most),
        axis="" if result is None else _axis(run, result),
        hardware=tuple(plain(f"{line} · {_planned(run)}") for line in shorter_lines(run)),
        date=date(run),
        run_id=run.run_id,
    )


def _planned(run: RunDocument) -> str:
    """Return the rounds of each lane; a run that ended early does not have all of them."""
    complete = all(lane.counted >= run.rounds for lane in run.lanes)
    return plural(run.rounds, "round") + ("" if complete else " planned")


def date(run: RunDocument) -> str:
    """Return the day of the start; UTC, so that a card is the same everywhere."""
    day = datetime.fromtimestamp(run.started_at or run.created_at, UTC)
    return f"{day.day} {day:%b %Y}"


def headline(run: RunDocument) -> Headline:
    """Return the result's headline, taken apart where it names the leader."""
    if run.result is None:
        return Headline(before="No result")
    text = run.result.headline
    lanes = enumerate(run.lanes)
    number, label = next((at, one.label) for at, one in lanes if one.lane_id == run.result.leader)
    # A sentence may begin with it.
    for name in (label, label[:1].upper() + label[1:]):
        before, match, after = text.partition(name)
        if match:
            return Headline(before=plain_part(before), name=plain(name), after=after, lane=number)
    return Headline(before=plain(text))


def plain_part(text: str) -> str:
    """Return a part of a sentence that keeps the space at its end."""
    return f"{plain(text)} " if text.endswith(" ") else plain(text)


def _margin(result: Result | None) -> tuple[str, str]:
    if result is None:
        return "", ""
    match = _FIGURE.fullmatch(result.margin or "")
    figure, word = (match["figure"], match["word"]) if match else ("", result.margin)
    if result.tied and result.interval:
        # An interval without a margin does not say what it is of.
        word = "lead"
    return figure, " · ".join(filter(None, (word, result.interval)))


def _rows(run: RunDocument, result: Result, most: int) -> Iterator[Row]:
    drawn = bars(result)
    numbers = {lane.lane_id: (number, lane) for number, lane in enumerate(run.lanes)}
    for own in result.lanes[:most]:
        number, lane = numbers[own.lane_id]
        yield Row(
            label=plain(lane.label),
            lane=number,
            value=plain(value_text(result, own, lane)),
            share=percent(own.share) if own.value is not None and result.runner_up else "",
            bar=drawn[own.lane_id],
        )


def value_text(result: Result, own: LaneResult, lane: DocumentLane) -> str:
    """Format a lane's value by the ranking metric, or why it has none."""
    if own.value is None:
        return "no value"
    figure = lane.summary.get(result.metric)
    exact = figure is not None and figure.estimator is Estimator.COUNT
    return quantity(own.value, result.unit, exact=exact)


def _more(result: Result | None, most: int) -> str:
    left_out = 0 if result is None else len(result.lanes) - most
    return f"and {left_out} more" if left_out > 0 else ""


def _axis(run: RunDocument, result: Result) -> str:
    unit = "" if result.unit in result.title else result.unit
    title = plain(value_title(run, result))
    return ", ".join(filter(None, (title, unit, result.better.text)))


def _why_none(run: RunDocument) -> str:
    if run.failure is not None:
        return run.failure.message
    errors = (lane.error.message for lane in run.lanes if lane.error is not None)
    return next(errors, run.winner_reason or "No lane has a counted round")
