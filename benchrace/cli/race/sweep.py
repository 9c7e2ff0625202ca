"""Sweeps as text: throughput and latency of each load, and the knee."""

from collections.abc import Iterator

from benchrace.cli.output.formatting import clean_line
from benchrace.formatting import quantity
from benchrace.run.document import RunDocument
from benchrace.run.summary import Knee, KneePoint


def lines(run: RunDocument) -> Iterator[str]:
    """Yield two lines for each sweep of a run."""
    for knee in run.knees:
        points = ", ".join(map(_point, knee.points))
        yield clean_line(f"sweep of {knee.swept} on {knee.machine_id}: {points}")
        yield clean_line(_knee(knee))


def _point(point: KneePoint) -> str:
    throughput, latency = quantity(point.throughput, "tok/s"), quantity(point.latency_ms, "ms")
    return f"{point.load:g}: {throughput} at {latency}"


def _knee(knee: Knee) -> str:
    if knee.load is None:
        return f"no knee: {knee.reason}"
    return f"knee at {knee.swept} {knee.load:g}: the greatest throughput / mean latency"
