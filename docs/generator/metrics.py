"""The page of metrics: built-in kinds, how rounds combine, and what a verdict may say."""

import ast
from collections.abc import Iterator
from pathlib import Path

from benchrace.events import Measured, Verdict
from benchrace.kinds import Estimator, Kind, Metric
from benchrace.kinds.built_in import BUILT_IN, built_in
from benchrace.kinds.energy import energy_metrics
from benchrace.run.summary import MetricSummary
from benchrace.stats import estimate, lane, ranking
from docs.generator import structs
from docs.generator.markdown import docstring, first_line, page, table

HEAD = """\
A number is declared once, as a metric of a kind of work: name, unit, whether more or less is
better, how rounds combine, and its formula. Every summary, interval, standing and export uses
that declaration. How a number comes about, step by step, is in [How a number comes
about](../explanation/numbers.md).

Durations come from one monotonic clock on the machine that measures. A number that was not
measured is null and says why. A plugin adds metrics of its own with the kind that it brings: see
[Your first plugin](../tutorial/first-plugin.md)."""

COMBINE = """\
A ratio keeps its numerator and denominator, so that rounds combine as sum / sum; a mean of ratios
would give short rounds the weight of long ones."""

SETTLED = """\
With `rounds: "auto"` a lane ends when all three hold: at least {rounds} counted rounds, at least
{seconds} s of them, and half of the 95 % interval of its first headline metric is within {within}
of the value."""

JUDGED = """\
Each round has a verdict with reasons. SUSPECT rounds count and mark their lane; a marked lane
keeps its place and is not declared the winner. INVALID rounds are kept and shown, and never enter
a statistic. A round that failed is INVALID with the failure's category as its reason ([the
list](events.md#categories-of-failure)). The worker itself knows these reasons:"""

ROOT = Path(__file__).resolve().parents[2]
COMBINED = {
    Estimator.SAMPLE: estimate.sample,
    Estimator.RATIO: estimate.ratio,
    Estimator.COUNT: estimate.count,
}


def render() -> str:
    """Render the page."""
    return page(
        "Metrics",
        HEAD,
        "## Built-in kinds",
        *(_kind(item) for item in map(built_in, BUILT_IN) if item is not None),
        "## How rounds combine",
        COMBINE,
        table(
            ("estimator", "how"),
            ((f"`{item}`", first_line(docstring(COMBINED[item]))) for item in Estimator),
        ),
        structs.section(Measured, 3, "One number of one round"),
        structs.section(MetricSummary, 3, "A metric of a lane, over its counted rounds"),
        "## Standings",
        docstring(ranking.standing),
        f"Two lanes: {_lower(first_line(docstring(ranking.apart)))}",
        "## Adaptive rounds",
        SETTLED.format(
            rounds=lane.SETTLED_ROUNDS,
            seconds=lane.SETTLED_NS // 10**9,
            within=f"{lane.SETTLED_WITHIN:.0%}",
        ),
        "## Verdicts",
        docstring(Verdict),
        JUDGED,
        table(("level", "reason", "text"), _reasons()),
    )


def _kind(kind: Kind) -> str:
    rows = [
        (
            f"`{metric.name}`",
            metric.unit,
            metric.better,
            metric.estimator,
            _rank(metric, kind),
            metric.formula,
        )
        for metric in (*kind.metrics, *energy_metrics(kind.energy))
    ]
    titles = ("metric", "unit", "better", "estimator", "shown", "formula")
    heading = f"### `{kind.name}`: {kind.title} (metrics version {kind.metrics_version})"
    parameters = structs.section(kind.params, 4, f"Parameters of `{kind.name}`")
    record = structs.section(kind.record, 4, f"Raw record of a `{kind.name}` round")
    return "\n\n".join((heading, table(titles, rows), parameters, record))


def _rank(metric: Metric, kind: Kind) -> str:
    if not metric.headline:
        return "beside"
    first = next(metric for metric in kind.metrics if metric.headline)
    return "headline, ranks the lanes" if metric is first else "headline"


def _reasons() -> Iterator[tuple[str, str, str]]:
    """Find each `verdict.worse(Level.X, "code", text)` in the worker, and gather by code."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for path in sorted((ROOT / "benchrace/worker").rglob("*.py")):
        for scope in ast.walk(ast.parse(path.read_text())):
            if isinstance(scope, ast.FunctionDef):
                for level, code, text in _verdicts(scope):
                    reasons.setdefault((level, code), []).append(text)
    for (level, code), texts in sorted(reasons.items()):
        worded = [text for text in texts if any(letter.isalpha() for letter in text)]
        yield level, f"`{code}`", "; ".join(worded) or "what is wrong, in words"


def _verdicts(scope: ast.FunctionDef) -> Iterator[tuple[str, str, str]]:
    nodes = sorted(
        (node for node in ast.walk(scope) if isinstance(node, ast.Assign | ast.Call)),
        key=lambda node: node.lineno,
    )
    names: dict[str, ast.expr] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names[name] = value
            case ast.Call(
                func=ast.Attribute(attr="worse"),
                args=[ast.Attribute(attr=level), ast.Constant(value=str(code)), text],
            ):
                yield level, code, _words(names.get(ast.unparse(text), text))
            case _:
                continue


def _words(text: ast.expr) -> str:
    match text:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr(values=parts):
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts
            )
        case _:
            return ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
