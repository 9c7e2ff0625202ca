"""What a run is called in what is published of it."""

import re

from benchrace.run.metadata import RunMetadata
from benchrace.run.title import title as made_of_lanes

# The end of the title of simulated machines.
SIMULATED = " (simulated)"
_MORE = re.compile(r" and \d+ more$")


def title(run: RunMetadata) -> str:
    """Return its name, or its work and what differs: `Generate text: small-f16 vs small-q8`.

    The title of simulated machines says so.
    """
    return f"{_title(run)}{SIMULATED}" if run.simulated else _title(run)


def names(run: RunMetadata) -> tuple[str, ...]:
    """Return what the title calls its lanes; none where the run has a name of its own."""
    return () if run.name else tuple(_MORE.sub("", made_of_lanes(run)).split(" vs "))


def _title(run: RunMetadata) -> str:
    if run.name:
        return run.name
    work = next((work.title for work in run.workloads.values()), run.kind)
    lanes = made_of_lanes(run)
    return lanes if lanes.startswith(f"{work} on ") else f"{work}: {lanes}"
