"""Charts of rounds: where they lie, and how they went one after the other."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from benchrace.export.drawing.bar import Point, dots, line, whisker
from benchrace.export.drawing.markup import element, escaped, percent
from benchrace.export.drawing.palette import Palette
from benchrace.export.drawing.scale import thinned
from benchrace.formatting import quantity
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import MetricSummary, RoundSummary

_STRIP, _PLOT = 26.0, 180.0
# Room above the greatest value and below the least, as a part of what lies between.
_PADDING = 0.06
_MOST_POINTS = 300


class Range(msgspec.Struct, frozen=True):
    """The values that an axis spans."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return where a value lies, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def strips(run: RunDocument, palette: Palette) -> Iterator[str]:
    """Yield a strip plot of the rounds of each headline metric."""
    ranking = None if run.standing is None else run.standing.metric
    for name, metric in headline_metrics(run).items():
        ranks = name == ranking
        series = {lane.lane_id: values(lane, name) for lane in run.lanes}
        intervals = [lane.summary[name].ci95 or () for lane in run.lanes if name in lane.summary]
        span = _range([value for part in (*series.values(), *intervals) for value in part])
        if span is None:
            continue
        rows = (
            element(
                "div",
                *_strip(lane, name, own, span, palette, number),
                *_statistics(lane.summary[name], ranks=ranks),
                class_="row",
            )
            for number, lane in enumerate(run.lanes)
            if (own := series[lane.lane_id])
        )
        ends = (
            element("span", escaped(quantity(end, metric.unit))) for end in (span.low, span.high)
        )
        axis = element("p", *ends, class_="ends across soft")
        about = ", ".join(filter(None, (metric.labelled(ranks=ranks), metric.better.text)))
        caption = element("h3", escaped(about))
        yield element(
            "section", caption, element("div", *rows, axis, class_="rows"), class_="chart"
        )


def over_time(run: RunDocument, palette: Palette) -> Iterator[str]:
    """Yield the ranking metric of all rounds in the order in which they ran."""
    name = None if run.standing is None else run.standing.metric
    if name is None:
        return
    metric = next((lane.summary[name] for lane in run.lanes if name in lane.summary), None)
    points = [_points(lane, name) for lane in run.lanes]
    span = _range([value for lane in points for _, value in lane])
    if metric is None or span is None:
        return
    numbers = [done.round for lane in points for done, _ in lane]
    rounds = Range(min(numbers), max(*numbers, min(numbers) + 1))
    drawn = (
        mark
        for number, lane in enumerate(points)
        for mark in _line(lane, rounds, span, palette, palette.lane(number))
    )
    chart = element("svg", *drawn, height=_PLOT, role="img", aria_label=f"{metric.title} by round")
    top, bottom = (
        element("p", escaped(quantity(end, metric.unit)), class_="soft")
        for end in (span.high, span.low)
    )
    ends = (element("span", f"round {end}") for end in (min(numbers), max(numbers)))
    yield element(
        "section",
        element("h3", escaped(f"{metric.title} by round")),
        _legend(run, palette),
        top,
        element("figure", chart, class_="plot"),
        bottom,
        element("p", *ends, class_="ends soft"),
        class_="chart",
    )


def headline_metrics(run: RunDocument) -> dict[str, MetricSummary]:
    """Return the headline metrics of all lanes by name."""
    return {
        name: metric
        for lane in run.lanes
        for name, metric in lane.summary.items()
        if metric.headline
    }


def values(lane: DocumentLane, name: str) -> list[float]:
    """Return a metric's values of the counted rounds."""
    return [value for done, value in _points(lane, name) if done.counted]


def _points(lane: DocumentLane, name: str) -> list[tuple[RoundSummary, float]]:
    """Return the rounds that have a value; INVALID ones are left out."""
    points = [
        (done, measured.value)
        for done in lane.rounds
        if done.counted or done.warmup
        for measured in done.measured
        if measured.metric == name and measured.value is not None
    ]
    return points[:: len(points) // _MOST_POINTS + 1]


def _range(numbers: Sequence[float]) -> Range | None:
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    padding = (high - low) * _PADDING or abs(high) * _PADDING or 1.0
    # What is measured from nothing up is not drawn below it.
    return Range(max(0.0, low - padding) if low >= 0 else low - padding, high + padding)


def _strip(
    lane: DocumentLane,
    name: str,
    series: list[float],
    span: Range,
    palette: Palette,
    number: int,
) -> Iterator[str]:
    colour = palette.lane(number)
    metric = lane.summary[name]
    ends = None if metric.ci95 is None else tuple(map(span.at, metric.ci95))
    low, high = ends or (0.0, 0.0)
    middle = _STRIP / 2
    marks = [
        line((percent(0), middle), (percent(1), middle), palette.hairline),
        *whisker((low, high) if ends else None, x=percent, height=_STRIP, colour=palette.ink),
        *dots(
            tuple(span.at(value) for value in thinned(series)),
            x=percent,
            height=_STRIP,
            colour=colour,
            fill=palette.surface,
        ),
    ]
    if metric.median is not None:
        at = percent(span.at(metric.median))
        marks.append(line((at, 1), (at, _STRIP - 1), colour))
    described = f"{lane.label}: {len(series)} rounds"
    yield element("span", escaped(lane.label), class_="label")
    yield element("svg", *marks, height=_STRIP, role="img", aria_label=described, class_="track")


def _statistics(metric: MetricSummary, *, ranks: bool) -> Iterator[str]:
    """Yield the value that stands for the rounds, and the mean or median beside it."""
    shown = metric.typical(ranks=ranks)
    beside = "mean" if metric.statistic(ranks=ranks) == "median" else "median"
    other = metric.mean if beside == "mean" else metric.median
    yield element("strong", escaped(quantity(shown, metric.unit)))
    text = "" if other is None else f"{beside} {quantity(other, metric.unit)}"
    yield element("span", escaped(text), class_="share soft")


def _line(
    points: list[tuple[RoundSummary, float]],
    rounds: Range,
    span: Range,
    palette: Palette,
    colour: str,
) -> Iterator[str]:
    """Yield dots joined by lines; a warm-up is hollow, and no line leads to it."""
    places: list[tuple[RoundSummary, Point]] = [
        (done, (percent(rounds.at(done.round)), (1 - span.at(value)) * _PLOT))
        for done, value in points
    ]
    for (one, start), (other, end) in pairwise(places):
        if one.counted and other.counted:
            yield line(start, end, colour)
    for done, (x, y) in places:
        fill = colour if done.counted else palette.surface
        yield element("circle", cx=x, cy=y, r=3.5, fill=fill, stroke=colour, stroke_width=1.5)


def _legend(run: RunDocument, palette: Palette) -> str:
    def entry(number: int, label: str) -> str:
        key = line(("0", 5), ("100%", 5), palette.lane(number))
        return element("li", element("svg", key, height=10), escaped(label))

    lanes = (entry(number, lane.label) for number, lane in enumerate(run.lanes))
    warmup = (element("li", "hollow: warm-up"),) if run.warmup else ()
    return element("ul", *lanes, *warmup, class_="legend")
