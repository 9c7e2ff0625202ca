"""The page of what `/metrics` of both servers answers."""

from collections.abc import Iterable

from benchrace.agent.api import metrics as agent
from benchrace.central.api import metrics as central
from benchrace.web.exposition import Figure
from docs.generator.markdown import page, table

HEAD = """\
Central and agents answer `GET /metrics` in Prometheus' text format. A value that is unknown is
left out: it is never 0. Counters begin at 0 when the process starts, so use `rate()`:
`rate(benchrace_events_total[1m])` is the rate of events. Where a token is required, Prometheus
sends the watcher token to central and the agent token to agents, as `Authorization: Bearer`."""


def render() -> str:
    """Render the page."""
    return page(
        "Prometheus",
        HEAD,
        "## Central",
        _table(central.FIGURES),
        "## Agent",
        _table(agent.FIGURES),
    )


def _table(figures: Iterable[Figure]) -> str:
    rows = (
        (
            f"`{figure.name}{'_total' if figure.counter else ''}`",
            "counter" if figure.counter else "gauge",
            ", ".join(f"`{label}`" for label in figure.labels),
            figure.text,
        )
        for figure in figures
    )
    return table(("metric", "type", "labels", "meaning"), rows)
