"""Noise: lanes whose rounds vary so much that readers are warned."""

from collections.abc import Iterator

from benchrace.formatting import listed, percent
from benchrace.run.document import DocumentLane

NOISY_CV = 0.05


def noise(lane: DocumentLane) -> Iterator[str]:
    """Yield one remark for the headline metrics that vary by more than 5 % between rounds."""
    varying = [
        f"{percent(metric.cv)} ({metric.title.lower()})"
        for metric in lane.summary.values()
        if metric.headline and metric.cv is not None and metric.cv > NOISY_CV
    ]
    if varying:
        yield (
            f"{lane.label} is noisy: its rounds vary by {listed(varying)}; "
            "other load, heat or power limits can cause this"
        )
