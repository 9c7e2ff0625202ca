"""The parts of a machine that work for a lane."""

from collections.abc import Iterable, Mapping
from typing import Any

from benchrace.errors import InvalidInput
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.engine.device import SOURCE, Device, find
from benchrace.plugin.workload import Resource
from benchrace.run.lane import RunLane

_PARTS = frozenset({Resource.CPU, Resource.GPU})


def parts(workload: WorkloadDescription | None) -> frozenset[Resource]:
    """Return which of processor and GPU a workload saturates; both where it names neither."""
    saturates = frozenset(() if workload is None else workload.saturates)
    return saturates & _PARTS or _PARTS


def gpus(
    lane: RunLane, workload: WorkloadDescription | None, present: Iterable[tuple[int, str | None]]
) -> frozenset[int]:
    """Return which of a machine's GPUs, by number and UUID, work for a lane.

    All where its parameters leave the choice to the engine.
    """
    devices = tuple(Device(index=index, kind="", number=0, uuid=uuid) for index, uuid in present)
    if Resource.GPU not in parts(workload):
        return frozenset()
    chosen = _chosen(lane, workload, devices)
    return frozenset(device.index for device in (devices if chosen is None else (chosen,)))


def _chosen(
    lane: RunLane, workload: WorkloadDescription | None, devices: tuple[Device, ...]
) -> Device | None:
    properties: Mapping[str, Any] = (
        {} if workload is None else workload.params_schema.get("properties", {})
    )
    for name, field in properties.items():
        typed = lane.params.get(name)
        if field.get("choices") == SOURCE and isinstance(typed, str):
            try:
                return find(typed, devices)
            except InvalidInput:
                return None
    return None
