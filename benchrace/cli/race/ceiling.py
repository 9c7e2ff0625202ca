"""How near lanes of text came to the ceiling of their machine, below the table of results."""

from collections.abc import Iterator

from benchrace.cli.output.formatting import clean_line
from benchrace.run.document import RunDocument, ranked


def lines(run: RunDocument) -> Iterator[str]:
    """Yield a line for each lane whose share of the ceiling is known."""
    for lane in ranked(run):
        if lane.ceiling is not None and lane.ceiling.text:
            yield clean_line(f"{lane.label}: {lane.ceiling.text}")
