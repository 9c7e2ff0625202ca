"""What a readable report says, before it is Markdown or HTML."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from benchrace.errors import with_remedy
from benchrace.events import Level
from benchrace.export.answers import answer_grids
from benchrace.export.grid import Grid
from benchrace.export.machines import machine_rows
from benchrace.export.numbers import percent, quantity, seconds
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.noise import noise
from benchrace.run.summary import MetricSummary

FEW_ROUNDS = 5


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All text is foreign until it is escaped."""

    title: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    grids: tuple[Grid, ...]


def report(run: RunDocument) -> Report:
    """Say what was raced, who is where, how sure that is, and on what machines."""
    return Report(
        title=run.name or f"{run.kind}: {' against '.join(_labels(run))}",
        facts=tuple(_facts(run)),
        warnings=tuple(_warnings(run)),
        grids=(
            *_results(run),
            *answer_grids(run),
            _rounds(run),
            _machines(run),
            _formulas(run),
        ),
    )


def _labels(run: RunDocument) -> list[str]:
    labels = [lane.label for lane in run.lanes]
    return labels if len(labels) <= 4 else [*labels[:3], f"{len(labels) - 3} more"]


def _facts(run: RunDocument) -> Iterator[tuple[str, str]]:
    named = {lane.lane_id: lane.label for lane in run.lanes}
    yield "Run", run.run_id
    yield "State", str(run.state)
    yield "Winner", named.get(run.winner or "", "none declared")
    if run.winner_reason:
        yield "Why none", run.winner_reason
    yield "Started", _when(run.started_at or run.created_at)
    yield "Rounds", f"{run.rounds} counted and {run.warmup} for warm-up in each lane, {run.order}"
    yield "Version", f"benchrace {run.version}"
    if run.tags:
        yield "Tags", ", ".join(run.tags)
    if run.notes:
        yield "Notes", run.notes


def _results(run: RunDocument) -> Iterator[Grid]:
    """One table a metric, headline metrics first."""
    metrics: dict[str, MetricSummary] = {}
    for lane in run.lanes:
        metrics = {**lane.summary, **metrics}
    for name in sorted(metrics, key=lambda each: not metrics[each].headline):
        metric = metrics[name]
        yield Grid(
            title=f"{metric.title} ({metric.unit}, {metric.better} is better)",
            header=("Place", "Lane", "Value", "95 % interval", "Median", "CV", "n", "Verdict", ""),
            rows=tuple(_result(run, lane, name) for lane in _ranked(run)),
        )


def _result(run: RunDocument, lane: DocumentLane, name: str) -> tuple[str, ...]:
    found = lane.summary.get(name)
    standing = run.standing
    ranks = standing is not None and standing.metric == name
    place = _places(run).get(lane.lane_id) if ranks else None
    verdict = str(lane.verdict or "-")
    if found is None:
        return ("-", lane.label, "-", "-", "-", "-", "0", verdict, "not a metric of this lane")
    interval = "-" if found.ci95 is None else " to ".join(quantity(end) for end in found.ci95)
    return (
        "-" if place is None else str(place),
        lane.label,
        quantity(found.value),
        interval,
        quantity(found.median),
        percent(found.cv),
        str(found.n),
        verdict,
        found.reason or "",
    )


def _places(run: RunDocument) -> dict[str, int | None]:
    standing = run.standing
    return {} if standing is None else {each.lane_id: each.place for each in standing.places}


def _ranked(run: RunDocument) -> list[DocumentLane]:
    places = _places(run)
    return sorted(run.lanes, key=lambda lane: places.get(lane.lane_id) or len(places) + 1)


def _warnings(run: RunDocument) -> Iterator[str]:
    for lane in run.lanes:
        yield from _lane_warnings(lane)
    yield from (each.text for each in run.remarks)
    for left in run.left_out:
        reasons = [str(each) for each in left.fields] + [
            with_remedy(each.message, each.remedy) for each in left.problems
        ]
        yield f"{left.label} was left out: {'; '.join(reasons) or 'not ready'}"
    for heat in run.heats:
        if heat.staggered:
            spread = "unknown" if heat.spread_ns is None else seconds(heat.spread_ns)
            yield f"Heat {heat.heat} did not start together: the spread is {spread}"
    if run.failure is not None:
        yield f"The run failed: {run.failure.message}"


def _lane_warnings(lane: DocumentLane) -> Iterator[str]:
    if lane.error is not None:
        told = with_remedy(lane.error.message, lane.error.remedy)
        yield f"{lane.label} ended early: {told}"
    if lane.verdict in (Level.SUSPECT, Level.INVALID):
        yield f"{lane.label} is {lane.verdict}: {'; '.join(mark.text for mark in lane.marks)}"
    if lane.discarded:
        yield f"{lane.label}: {lane.discarded} of its rounds were discarded as INVALID"
    if 0 < lane.counted < FEW_ROUNDS:
        yield f"{lane.label} has {lane.counted} counted rounds, which is few: see the interval"
    yield from noise(lane)


def _rounds(run: RunDocument) -> Grid:
    ranking = None if run.standing is None else run.standing.metric
    return Grid(
        title="Rounds",
        header=("Lane", "Round", "Heat", "Elapsed", ranking or "Value", "Verdict", "Reasons"),
        rows=tuple(
            (
                lane.label,
                f"{done.round} (warm-up)" if done.warmup else str(done.round),
                "-" if done.heat is None else str(done.heat),
                seconds(done.elapsed_ns),
                quantity(next((m.value for m in done.measured if m.metric == ranking), None)),
                str(done.verdict),
                "; ".join(
                    [reason.text for reason in done.reasons]
                    + ([done.error.message] if done.error else [])
                ),
            )
            for lane in run.lanes
            for done in lane.rounds
        ),
    )


def _machines(run: RunDocument) -> Grid:
    return Grid(title="Machines", header=("Machine", "What", "Value"), rows=machine_rows(run))


def _formulas(run: RunDocument) -> Grid:
    metrics = {metric.name: metric for work in run.workloads.values() for metric in work.metrics}
    return Grid(
        title="Formulas",
        header=("Metric", "Definition", "Rounds combine as"),
        rows=tuple(
            (metric.name, metric.formula or "-", str(metric.estimator))
            for metric in metrics.values()
        ),
    )


def _when(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
