"""Whether the energies of lanes cover the same parts of their machines."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from benchrace.events import Reason
from benchrace.formatting import listed
from benchrace.kinds.energy import ENERGY, energy_metrics
from benchrace.run.energy import covered
from benchrace.run.summary import LaneSummary

if TYPE_CHECKING:
    from benchrace.run.document import DocumentLane, RunDocument


def same_cover(
    metric: str,
    one: "tuple[RunDocument, DocumentLane]",
    other: "tuple[RunDocument, DocumentLane]",
) -> bool:
    """Check that two lanes' energies cover the same; true for any other metric."""
    workload = one[0].workloads.get(one[1].backend)
    metrics = energy_metrics(None if workload is None else workload.energy)
    if metric not in {declared.name for declared in metrics}:
        return True
    return covered(one[1].energy) == covered(other[1].energy)


def remarks(lanes: Iterable[LaneSummary]) -> Iterator[Reason]:
    """Yield that energies are not comparable where they cover different parts."""
    labels: dict[str, list[str]] = {}
    for lane in lanes:
        figure = lane.summary.get(ENERGY.name)
        if figure is not None and figure.value is not None:
            labels.setdefault(covered(lane.energy), []).append(lane.label)
    if len(labels) > 1:
        texts = [f"that of {listed(names)} {cover}" for cover, names in labels.items()]
        text = f"the energies are not comparable: {'; '.join(texts)}"
        yield Reason("energy_cover", text)
