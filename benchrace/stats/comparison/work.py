"""Whether two lanes had the same work to do: where not, only their rates compare."""

from collections.abc import Iterator, Sequence
from typing import Any

from benchrace.formatting import listed
from benchrace.kinds import Estimator
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import MetricSummary
from benchrace.stats.comparison.identity import Differing
from benchrace.stats.result.phrases import sentence

_PARAMS = "params."
# The same parameters can give another prompt: a nonce apart, lanes then read another text.
_PROMPT = "prompt digest"
MIXED = "One of the runs is simulated and the other was measured: nothing is comparable"

Side = tuple[RunDocument, DocumentLane]


def work_differs(one: Side, other: Side, differing: Sequence[Differing]) -> tuple[str, ...]:
    """Name what differs of how much there was to do, by its title; empty where it is the same."""
    fields = {difference.field for difference in differing}
    titles = dict(_titles(one)) | dict(_titles(other))
    names = [title for name, title in titles.items() if f"{_PARAMS}{name}" in fields]
    if not names and _PROMPT in fields:
        return ("the prompt",)
    return tuple(names)


def comparable(names: Sequence[str], metric: MetricSummary) -> bool:
    """Check whether a metric is per unit of work, or the work is the same."""
    return not names or metric.estimator is Estimator.RATIO


def statement(names: Sequence[str], metrics: Sequence[MetricSummary]) -> str | None:
    """Return what differs, and which headline metrics are not comparable: `N differs: ...`."""
    if not names:
        return None
    verb = "differs" if len(names) == 1 else "differ"
    text = sentence(f"{listed(names)} {verb}")
    left = [metric.title.lower() for metric in metrics if not comparable(names, metric)]
    if not left:
        return text
    return f"{text}: {listed(left)} {'is' if len(left) == 1 else 'are'} not comparable"


def _titles(side: Side) -> Iterator[tuple[str, str]]:
    run, lane = side
    workload = run.workloads.get(lane.backend)
    if workload is None:
        return
    properties: dict[str, Any] = workload.params_schema.get("properties", {})
    for name in workload.work:
        title = properties.get(name, {}).get("title")
        yield name, title if isinstance(title, str) and title else name
