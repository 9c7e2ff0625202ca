"""Sweeps in words: each load with what it brought, and where the knee is."""

from collections.abc import Iterator

from benchrace.cli.column import digits
from benchrace.cli.text import clean_line
from benchrace.run.document import RunDocument
from benchrace.run.summary import Knee


def lines(run: RunDocument) -> Iterator[str]:
    """Say each sweep of a run in two lines."""
    for knee in run.knees:
        points = ", ".join(
            f"{each.load:g}: {digits(each.throughput)} tok/s at {digits(each.latency_ms)} ms"
            for each in knee.points
        )
        yield clean_line(f"sweep of {knee.swept} on {knee.machine_id}: {points}")
        yield clean_line(_knee(knee))


def _knee(knee: Knee) -> str:
    if knee.load is None:
        return f"no knee: {knee.reason}"
    return f"knee at {knee.swept} {knee.load:g}: the greatest throughput / mean latency"
