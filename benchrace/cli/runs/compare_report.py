"""A comparison of runs in the terminal: a table for each lane of the baseline."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import whole
from benchrace.formatting import DASH, plural, quantity
from benchrace.kinds import Better, Estimator
from benchrace.run.document import RunDocument
from benchrace.run.summary import MetricSummary
from benchrace.stats.comparison.change import Verdict
from benchrace.stats.comparison.compare import LanePair, MetricPair
from benchrace.stats.comparison.identity import Role
from benchrace.stats.comparison.several import NAMES, RunsComparison

_STYLES = {"b": "green", "a": "red"}
_UNCOMPARED = frozenset({Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED})
_ROLES = {
    Role.CONTROLLED: "changed on purpose",
    Role.CONFOUNDER: "not changed on purpose, but may explain the difference",
}
# The pairs of one lane of the baseline, by the name of the run that it is compared with.
Pairs: TypeAlias = Mapping[str, LanePair]


def report(
    screen: Console, comparison: RunsComparison, runs: Sequence[RunDocument], every: bool
) -> None:
    """Print what raced, then each lane of the baseline, then the lanes without a partner."""
    names = NAMES[: len(runs)]
    for name, run in zip(names, runs, strict=True):
        side = f"{name}, {'baseline' if name == names[0] else 'new'}"
        _print(screen, f"{side:<12}  {run.run_id}  {run.name or run.kind}", "dim")
    rows = _rows(comparison, runs[0])
    if not rows:
        advice = "match lanes with --match LANE=LANE, or run one again with the other's lanes"
        _print(screen, f"no matching lanes: {advice}", "yellow")
    for pairs in rows:
        _lane(screen, pairs, names, every)
    for text in unmatched(comparison, runs):
        _print(screen, text, "yellow")


def _rows(comparison: RunsComparison, baseline: RunDocument) -> list[Pairs]:
    """Sort the pairs by lane of the baseline; lanes without any are left out."""
    rows: dict[str, dict[str, LanePair]] = {lane.lane_id: {} for lane in baseline.lanes}
    for name, one in zip(NAMES[1:], comparison.comparisons, strict=False):
        for pair in one.lanes:
            rows[pair.a][name] = pair
    return [pairs for pairs in rows.values() if pairs]


def _lane(screen: Console, pairs: Pairs, names: str, every: bool) -> None:
    first = next(iter(pairs.values()))
    labels = dict.fromkeys((first.label_a, *(pair.label_b for pair in pairs.values())))
    screen.print()
    _print(screen, " against ".join(labels), "bold")
    several = len(names) > 2
    for name, pair in pairs.items():
        if pair.work:
            _print(screen, f"{name}: {pair.work}" if several else pair.work, "yellow")
    for side, missing in _missing(pairs):
        _print(screen, f"{side} is not compared: {missing}", "yellow")
    for name, pair in pairs.items():
        if pair.headline:
            named = several and not pair.headline.startswith(f"{name} is ")
            _print(screen, f"{name}: {pair.headline}" if named else pair.headline)
    table = several_table(pairs, names, every) if several else metric_table(first, every)
    whole(screen).print(table)
    for name, pair in pairs.items():
        for line in differences(pair):
            _print(screen, f"{name}: {line}" if several else line, "dim")


def _missing(pairs: Pairs) -> Iterator[tuple[str, str]]:
    first = next(iter(pairs.values()))
    yield from ((NAMES[0], text) for text in first.missing_a)
    for name, pair in pairs.items():
        yield from ((name, text) for text in pair.missing_b)


def metric_table(pair: LanePair, every: bool) -> Table:
    """Draw a line for each metric of two lanes: both values, and what became of it."""
    table = _table("metric", *NAMES[:2], "B against A", "")
    for metric in pair.metrics:
        if metric.headline or every:
            style = _STYLES.get(metric.better or "", "")
            grey = _grey(metric)
            table.add_row(
                Text(clean_line(_title(metric)), style=grey),
                Text(clean_line(_value(metric.a)), style=grey),
                Text(clean_line(_value(metric.b)), style=grey),
                Text(metric.change.text, style=style or grey),
                Text(clean_line(certainty(metric)), style="dim"),
            )
    return table


def several_table(pairs: Pairs, names: str, every: bool) -> Table:
    """Draw a line for each metric and a column for each run; a change stands below its value."""
    table = _table("metric", *names)
    metrics = {
        name: {metric.name: metric for metric in pair.metrics} for name, pair in pairs.items()
    }
    for key in dict.fromkeys(name for run in metrics.values() for name in run):
        column = {name: run[key] for name, run in metrics.items() if key in run}
        metric = next(iter(column.values()))
        if metric.headline or every:
            baseline = next((one.a for one in column.values() if one.a is not None), None)
            table.add_row(
                Text(clean_line(_title(metric))),
                Text(clean_line(_value(baseline))),
                *(_changed(column.get(name)) for name in names[1:]),
            )
    return table


def certainty(metric: MetricPair) -> str:
    """Return the interval of a change, or why it has none, and what would make it clear."""
    change = metric.change
    # That no direction is better says nothing of how certain a difference is.
    reason = None if metric.direction is Better.NONE else change.reason
    parts = [change.interval or (reason if reason != change.text else None)]
    if change.more_rounds is not None:
        rounds = plural(change.more_rounds, "more round")
        parts.append(f"{rounds} in each would probably decide it")
    return "; ".join(filter(None, parts))


def _changed(metric: MetricPair | None) -> Text:
    if metric is None:
        return Text(DASH)
    style = _STYLES.get(metric.better or "", "") or _grey(metric)
    return Text.assemble(
        (clean_line(_value(metric.b)), _grey(metric)), "\n", (metric.change.text, style)
    )


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        side = title != "" and title in NAMES
        table.add_column(title, justify="right" if side else "left", overflow="fold")
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


def unmatched(comparison: RunsComparison, runs: Sequence[RunDocument]) -> Iterator[str]:
    """Yield the lanes that meet no lane of the other runs."""
    alone = set.intersection(*(set(one.only_a) for one in comparison.comparisons))
    only = [alone, *(set(one.only_b) for one in comparison.comparisons)]
    for name, run, ids in zip(NAMES, runs, only, strict=False):
        labels = [lane.label for lane in run.lanes if lane.lane_id in ids]
        if labels:
            yield f"only in {name}: {', '.join(labels)}"


def _grey(metric: MetricPair) -> str:
    return "dim" if metric.change.verdict in _UNCOMPARED else ""


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
