"""A lane as the result needs it: its estimate, its rounds, and its machine."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from benchrace.events import Level, Measured
from benchrace.kinds import Metric
from benchrace.run.metadata import MachineHost, RunMetadata, lane_machines
from benchrace.run.summary import LaneSummary, MetricSummary, RunSummary
from benchrace.stats.estimate import Estimate, recovered
from benchrace.stats.moments import usable
from benchrace.stats.timing_error import Stamped


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """`values` are the ranking metric's, of the counted rounds, in their order.

    `machine` is the label of the lane's machine.
    """

    lane: LaneSummary
    place: int | None
    figure: MetricSummary
    estimate: Estimate
    values: tuple[float, ...]
    phrase: str
    machine: str
    host: MachineHost | None
    throttled: bool

    @property
    def label(self) -> str:
        return self.lane.label

    @property
    def stamped(self) -> Stamped:
        own = (self.lane.machine_id,)
        machines = tuple(load.machine_id for load in self.lane.client_loads)
        return Stamped(machines or own, self.figure)

    @property
    def suspect(self) -> bool:
        return self.lane.verdict is Level.SUSPECT


def contenders(metadata: RunMetadata, summary: RunSummary) -> Iterator[Contender]:
    """Yield the ranked lanes in the order of the standing."""
    standing = summary.standing
    if standing is None:
        return
    lanes = {lane.lane_id: lane for lane in summary.lanes}
    machines = {lane.lane_id: lane_machines(metadata, lane) for lane in metadata.lanes}
    for ranked in standing.places:
        lane = lanes[ranked.lane_id]
        figure = lane.summary.get(standing.metric)
        if figure is None:
            continue
        metric = _metric(metadata, lane, standing.metric)
        yield Contender(
            lane=lane,
            place=ranked.place,
            figure=figure,
            estimate=recovered(figure),
            values=tuple(_values(lane, standing.metric)),
            phrase="" if metric is None else metric.phrase,
            machine=machines.get(lane.lane_id, lane.machine_id),
            host=metadata.hosts.get(lane.machine_id),
            throttled=_throttled(metadata.machines.get(lane.machine_id)),
        )


def _metric(metadata: RunMetadata, lane: LaneSummary, name: str) -> Metric | None:
    workload = metadata.workloads.get(lane.backend)
    metrics = () if workload is None else workload.metrics
    return next((metric for metric in metrics if metric.name == name), None)


def _values(lane: LaneSummary, name: str) -> Iterator[float]:
    for done in lane.rounds:
        figure = next((one for one in done.measured if one.metric == name), None)
        if done.counted and figure is not None and (value := _value(figure)) is not None:
            yield value


def _value(figure: Measured) -> float | None:
    return None if figure.value is None or not usable(figure.value) else float(figure.value)


def _throttled(capabilities: Any) -> bool:
    """Check whether the machine's firmware lowered its clock when the run began."""
    facts = msgspec.to_builtins(capabilities)
    for key in ("environment", "power", "throttled"):
        # Capabilities come from an agent of any version.
        facts = facts.get(key) if isinstance(facts, Mapping) else None
    return facts is True
