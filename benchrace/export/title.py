"""What a run is called in what is published of it."""

from benchrace.run.metadata import RunMetadata

_MOST_LABELS = 3


def title(run: RunMetadata) -> str:
    """Return its name, or what races there: `Generate text: small-f16 vs small-q8`."""
    if run.name:
        return run.name
    work = next((work.title for work in run.workloads.values()), run.kind)
    labels = [lane.label for lane in run.lanes]
    if len(labels) > _MOST_LABELS:
        return f"{work}: {len(labels)} lanes"
    return f"{work}: {' vs '.join(labels)}"
