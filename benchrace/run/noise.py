"""Noise: a lane whose rounds vary so much that a reader is told, whatever its interval says."""

from collections.abc import Iterator

from benchrace.run.document import DocumentLane

NOISY_CV = 0.05


def noise(lane: DocumentLane) -> Iterator[str]:
    """Say of each headline metric of a lane that it varies by more than 5 % between rounds."""
    for metric in lane.summary.values():
        if metric.headline and metric.cv is not None and metric.cv > NOISY_CV:
            yield (
                f"{lane.label} is noisy: {metric.title.lower()} varies by {metric.cv * 100:.1f} % "
                "between rounds; other load, heat or power limits do that"
            )
