"""The energy of lanes, below the table of results, where a counter measured it."""

from collections.abc import Iterator

from benchrace.cli.output.formatting import clean_line
from benchrace.formatting import quantity
from benchrace.kinds.energy import energy_metrics
from benchrace.run.document import DocumentLane, RunDocument, ranked
from benchrace.run.energy import covered
from benchrace.run.summary import MetricSummary


def lines(run: RunDocument) -> Iterator[str]:
    """Yield a line for each lane whose energy is known, with what it covers."""
    for lane in ranked(run):
        figures = [figure for figure in _figures(run, lane) if figure.value is not None]
        if figures:
            values = ", ".join(quantity(figure.value, figure.unit) for figure in figures)
            cover = f"{covered(lane.energy)}, idle power included"
            yield clean_line(f"energy of {lane.label}: {values} ({cover})")


def _figures(run: RunDocument, lane: DocumentLane) -> Iterator[MetricSummary]:
    workload = run.workloads.get(lane.backend)
    for metric in energy_metrics(None if workload is None else workload.energy):
        if (figure := lane.summary.get(metric.name)) is not None:
            yield figure
