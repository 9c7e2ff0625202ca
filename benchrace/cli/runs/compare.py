"""`benchrace compare`: two stored runs side by side, the first as the baseline."""

from collections.abc import Iterator

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console, whole
from benchrace.cli.runs.archive import archive, find
from benchrace.formatting import DASH, quantity
from benchrace.kinds import Estimator
from benchrace.run.document import RunDocument
from benchrace.run.summary import MetricSummary
from benchrace.stats.comparison.change import Verdict
from benchrace.stats.comparison.compare import Comparison, LanePair, MetricPair, compare
from benchrace.stats.comparison.identity import Role

_STYLES = {"b": "green", "a": "red"}
_UNCOMPARED = frozenset({Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED})
_ROLES = {
    Role.CONTROLLED: "changed on purpose",
    Role.CONFOUNDER: "not changed on purpose, but may explain the difference",
}


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--all", "every", is_flag=True, help="Show all metrics, not only the headlines.")
@options.as_json
@options.archive
def compare_runs(
    a: str,
    b: str,
    every: bool,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Compare run B with run A, the baseline; IDs may be abbreviated while unique.

    Lanes match by label, machine, backend and parameters, or by some of these.
    """
    with archive(central, token, options.path(data_dir)) as stored:
        one, other = (stored.document(find(stored, text)) for text in (a, b))
    comparison = compare(one, other)
    if as_json:
        options.print_json(comparison)
        return
    screen = console()
    for side, run in (("A, baseline", one), ("B, new", other)):
        _print(screen, f"{side:<12}  {run.run_id}  {run.name or run.kind}", "dim")
    if not comparison.lanes:
        advice = "run one of the two again with the other's lanes"
        _print(screen, f"no matching lanes: {advice}", "yellow")
    for pair in comparison.lanes:
        _pair(screen, pair, every)
    for text in unmatched(comparison, one, other):
        _print(screen, text, "yellow")


def _pair(screen: Console, pair: LanePair, every: bool) -> None:
    labels = dict.fromkeys((pair.label_a, pair.label_b))
    screen.print()
    _print(screen, " against ".join(labels), "bold")
    if pair.work:
        _print(screen, pair.work, "yellow")
    for side, missing in (("A", pair.missing_a), ("B", pair.missing_b)):
        for text in missing:
            _print(screen, f"{side} is not compared: {text}", "yellow")
    if pair.headline:
        _print(screen, pair.headline)
    whole(screen).print(metric_table(pair, every))
    for line in differences(pair):
        _print(screen, line, "dim")


def metric_table(pair: LanePair, every: bool) -> Table:
    """Draw a line for each metric: both values, and what became of it."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("metric", "A", "B", "B against A", ""):
        table.add_column(title, justify="right" if title in ("A", "B") else "left", overflow="fold")
    for metric in pair.metrics:
        if metric.headline or every:
            style = _STYLES.get(metric.better or "", "")
            grey = "dim" if metric.change.verdict in _UNCOMPARED else ""
            table.add_row(
                Text(clean_line(_title(metric)), style=grey),
                Text(clean_line(_value(metric.a)), style=grey),
                Text(clean_line(_value(metric.b)), style=grey),
                Text(metric.change.text, style=style or grey),
                Text(metric.change.interval or "", style="dim"),
            )
    return table


def differences(pair: LanePair) -> Iterator[str]:
    """Yield what else differs, by whether anybody chose it."""
    for role, words in _ROLES.items():
        fields = [
            f"{one.field} {one.a or DASH} -> {one.b or DASH}"
            for one in pair.differing
            if one.role is role
        ]
        if fields:
            yield f"{words}: {'; '.join(fields)}"


def unmatched(comparison: Comparison, one: RunDocument, other: RunDocument) -> Iterator[str]:
    """Yield the lanes that only one of the runs has."""
    for side, run, ids in (("A", one, comparison.only_a), ("B", other, comparison.only_b)):
        labels = [lane.label for lane in run.lanes if lane.lane_id in ids]
        if labels:
            yield f"only in {side}: {', '.join(labels)}"


def _title(metric: MetricPair) -> str:
    one = metric.a or metric.b
    # Changes and their intervals are of means.
    statistic = "" if one is None else one.statistic(ranks=True)
    notes = ", ".join(filter(None, (statistic, metric.direction.text)))
    return f"{metric.title} ({notes})" if notes else metric.title


def _value(metric: MetricSummary | None) -> str:
    if metric is None:
        return DASH
    return quantity(metric.value, metric.unit, exact=metric.estimator is Estimator.COUNT)


def _print(screen: Console, text: str, style: str = "") -> None:
    screen.print(Text(clean_line(text), style=style), soft_wrap=True)
