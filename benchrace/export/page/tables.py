"""Tables of a report: hardware, settings, metrics, and all that is folded."""

from collections.abc import Iterator
from typing import Any

import msgspec

from benchrace.export.drawing.markup import element, escaped
from benchrace.export.grid import Grid
from benchrace.export.hardware import hardware
from benchrace.formatting import DASH, interval, quantity
from benchrace.kinds import Estimator
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import MetricSummary


def lane_grids(run: RunDocument) -> Iterator[Grid]:
    """Yield what each lane ran on, how it was set, and all of its metrics."""
    labels = tuple(lane.label for lane in run.lanes)
    yield Grid(
        title="Hardware",
        header=("Lane", "Machine", "Backend", "Hardware"),
        rows=tuple(
            (
                lane.label,
                machine_id,
                lane.backend,
                hardware(run.machines.get(machine_id)) or DASH,
            )
            for lane in run.lanes
            for machine_id in lane.occupies
        ),
    )
    names = dict.fromkeys(name for lane in run.lanes for name in lane.params)
    yield Grid(
        title="Settings",
        header=("Parameter", *labels),
        rows=tuple(
            (name.replace("_", " "), *(_setting(lane.params.get(name)) for lane in run.lanes))
            for name in names
        ),
    )
    metrics = {name: metric for lane in run.lanes for name, metric in lane.summary.items()}
    ranking = None if run.standing is None else run.standing.metric
    yield Grid(
        title="All metrics",
        header=("Metric", *labels),
        rows=tuple(
            (
                metric.labelled(ranks=name == ranking),
                *(_value(lane, name, ranks=name == ranking) for lane in run.lanes),
            )
            for name, metric in sorted(metrics.items(), key=lambda item: not item[1].headline)
        ),
    )


def table(grid: Grid) -> str:
    """Return a table with its title; a folded one opens on demand."""
    rows = (_row("td", row) for row in grid.rows)
    body = element("div", element("table", _row("th", grid.header), *rows), class_="scroll")
    if grid.folded:
        return element("details", element("summary", escaped(grid.title)), body)
    return element("h2", escaped(grid.title)) + body


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return element("tr", *(element(tag, escaped(cell)) for cell in cells))


def _setting(value: Any) -> str:
    if value is None:
        return DASH
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _value(lane: DocumentLane, name: str, *, ranks: bool) -> str:
    metric: MetricSummary | None = lane.summary.get(name)
    if metric is None:
        return DASH
    if metric.value is None:
        return metric.reason or DASH
    exact = metric.estimator is Estimator.COUNT
    value = quantity(metric.typical(ranks=ranks), metric.unit, exact=exact)
    if metric.ci95 is None or metric.ci95[0] == metric.ci95[1]:
        return value
    # An interval is of the mean: beside a median it says so.
    of = "mean: " if metric.statistic(ranks=ranks) == "median" else ""
    return f"{value} ({of}{interval(metric.ci95, metric.unit, metric.value)})"
