"""The content of a report, independent of Markdown or HTML."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from benchrace.errors import with_remedy
from benchrace.events import Level
from benchrace.export.answers import answer_grids
from benchrace.export.clients import client_grids
from benchrace.export.grid import Grid
from benchrace.export.machines import machine_rows
from benchrace.export.result import head, place_texts, result_grids
from benchrace.export.title import title
from benchrace.formatting import DASH, duration, percent, plural, precise, precise_interval
from benchrace.kinds.energy import energy_metrics
from benchrace.run.document import DocumentLane, RunDocument, ranked
from benchrace.run.findings.noise import noise
from benchrace.run.summary import MetricSummary

FEW_ROUNDS = 5


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All text is foreign until it is escaped; `head` is the result in sentences."""

    title: str
    head: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    grids: tuple[Grid, ...]


def report(run: RunDocument) -> Report:
    """Report what was raced, the standing, how sure it is, and on what machines."""
    return Report(
        title=title(run),
        head=head(run),
        facts=tuple(_facts(run)),
        warnings=tuple(_warnings(run)),
        grids=(
            *result_grids(run),
            *_results(run),
            *answer_grids(run),
            *client_grids(run),
            _rounds(run),
            _machines(run),
            _formulas(run),
        ),
    )


def _facts(run: RunDocument) -> Iterator[tuple[str, str]]:
    named = {lane.lane_id: lane.label for lane in run.lanes}
    yield "Run", run.run_id
    yield "State", str(run.state)
    if run.simulated:
        yield "Simulated", "yes: the machines do not exist, and their figures come from a script"
    if run.state.final:
        yield "Winner", named.get(run.winner or "", "none declared")
    else:
        yield "Winner", f"not decided: the run is {run.state}"
    if run.winner_reason and run.result is None:
        yield "Why none", run.winner_reason
    yield "Started", _when(run.started_at or run.created_at)
    warmup = plural(run.warmup, "warm-up round")
    yield "Rounds", f"{run.rounds} per lane after {warmup}, order {run.order}"
    yield "Version", f"benchrace {run.version}"
    if run.tags:
        yield "Tags", ", ".join(run.tags)
    if run.notes:
        yield "Notes", run.notes


def _results(run: RunDocument) -> Iterator[Grid]:
    """Yield one table per metric, headline metrics first."""
    metrics: dict[str, MetricSummary] = {}
    for lane in run.lanes:
        metrics = {**lane.summary, **metrics}
    for name in sorted(metrics, key=lambda metric: not metrics[metric].headline):
        metric = metrics[name]
        about = ", ".join(filter(None, (metric.unit, metric.better.text)))
        yield Grid(
            title=f"{metric.title} ({about})" if about else metric.title,
            header=("Place", "Lane", *_columns(metric), "CV", "n", "Verdict", ""),
            rows=tuple(_result(run, lane, name) for lane in ranked(run)),
            folded=True,
        )


def _columns(metric: MetricSummary) -> tuple[str, str, str]:
    """Return the columns of values; one slow round moves a time's mean far, so its median leads."""
    if metric.is_latency:
        return ("Median", "Mean", "95 % interval of the mean")
    return ("Value", "95 % interval", "Median")


def _values(metric: MetricSummary) -> tuple[str, str, str]:
    value, interval = precise(metric.value), precise_interval(metric.ci95)
    if metric.over is not None and metric.ci95 is not None:
        interval = f"{interval} over {metric.over}"
    median = precise(metric.median)
    return (median, value, interval) if metric.is_latency else (value, interval, median)


def _result(run: RunDocument, lane: DocumentLane, name: str) -> tuple[str, ...]:
    estimate = lane.summary.get(name)
    standing = run.standing
    ranks = standing is not None and standing.metric == name
    place = place_texts(_places(run)).get(lane.lane_id, DASH) if ranks else DASH
    verdict = str(lane.verdict or "-")
    if estimate is None:
        return ("-", lane.label, "-", "-", "-", "-", "0", verdict, "not a metric of this lane")
    return (
        place,
        lane.label,
        *_values(estimate),
        percent(estimate.cv),
        str(estimate.n),
        verdict,
        estimate.reason or "",
    )


def _places(run: RunDocument) -> dict[str, int | None]:
    standing = run.standing
    return {} if standing is None else {place.lane_id: place.place for place in standing.places}


def _warnings(run: RunDocument) -> Iterator[str]:
    for lane in run.lanes:
        yield from _lane_warnings(lane)
    yield from (remark.text for remark in run.remarks)
    for left in run.left_out:
        reasons = [str(field) for field in left.fields] + [
            with_remedy(problem.message, problem.remedy) for problem in left.problems
        ]
        yield f"{left.label} was skipped: {'; '.join(reasons) or 'not ready'}"
    for heat in run.heats:
        if heat.staggered:
            spread = (
                "unknown"
                if heat.spread_ns is None
                else f"{duration(heat.spread_ns)} ± {duration(heat.uncertainty_ns)}"
            )
            yield f"Heat {heat.heat} did not start together: the spread is {spread}"
    if run.failure is not None:
        yield f"The run failed: {run.failure.message}"


def _lane_warnings(lane: DocumentLane) -> Iterator[str]:
    if lane.error is not None:
        message = with_remedy(lane.error.message, lane.error.remedy)
        yield f"{lane.label} ended early: {message}"
    marks = "; ".join(mark.text for mark in lane.marks)
    if lane.verdict in (Level.SUSPECT, Level.INVALID):
        yield f"{lane.label} is {lane.verdict}: {marks}"
    elif marks:
        yield f"{lane.label}: {marks}"
    if lane.discarded:
        yield f"{lane.label}: {lane.discarded} of its rounds were discarded as INVALID"
    if lane.missing > lane.discarded:
        yield f"{lane.label}: {lane.missing - lane.discarded} of its rounds were never run"
    if 0 < lane.counted < FEW_ROUNDS:
        advice = "see the interval" if lane.counted > 1 else "an interval needs two or more"
        yield f"{lane.label} has only {plural(lane.counted, 'counted round')}: {advice}"
    yield from noise(lane)


def _rounds(run: RunDocument) -> Grid:
    ranking = None if run.standing is None else run.standing.metric
    return Grid(
        title="Rounds",
        header=("Lane", "Round", "Heat", "Round time", ranking or "Value", "Verdict", "Reasons"),
        rows=tuple(
            (
                lane.label,
                f"{done.round} (warm-up)" if done.warmup else str(done.round),
                "-" if done.heat is None else str(done.heat),
                duration(done.elapsed_ns),
                precise(next((m.value for m in done.measured if m.metric == ranking), None)),
                str(done.verdict),
                "; ".join(
                    [reason.text for reason in done.reasons]
                    + ([done.error.message] if done.error else [])
                ),
            )
            for lane in run.lanes
            for done in lane.rounds
        ),
        folded=True,
    )


def _machines(run: RunDocument) -> Grid:
    header = ("Machine", "What", "Value")
    return Grid(title="Machines", header=header, rows=machine_rows(run), folded=True)


def _formulas(run: RunDocument) -> Grid:
    metrics = {
        metric.name: metric
        for work in run.workloads.values()
        for metric in (*work.metrics, *energy_metrics(work.energy))
    }
    return Grid(
        title="Formulas",
        header=("Metric", "Definition", "Rounds combine as"),
        rows=tuple(
            (metric.name, metric.formula or "-", str(metric.estimator))
            for metric in metrics.values()
        ),
        folded=True,
    )


def _when(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
