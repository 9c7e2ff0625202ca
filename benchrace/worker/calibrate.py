"""Find what "auto" comes to, lane by lane."""

from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace.errors import BenchraceError, Failure, FieldError, InvalidInput
from benchrace.link.capabilities import Calibrated
from benchrace.plugin import Lane, Workload
from benchrace.run.control import CalibrateOrder
from benchrace.run.job import JobLane
from benchrace.worker.bounded import bounded
from benchrace.worker.params import convert, is_automatic, without_automatic
from benchrace.worker.quiet import QuietContext
from benchrace.worker.registry import Registry

LIMIT_S = 120.0


async def calibrate_lanes(
    order: CalibrateOrder, registry: Registry, context: QuietContext
) -> list[Calibrated]:
    """Calibrate each lane that asks for it, in turn; raises the first failure."""
    return [await _lane(lane, order.kind, registry, context) for lane in order.lanes]


async def _lane(lane: JobLane, kind: str, registry: Registry, context: QuietContext) -> Calibrated:
    workload = registry.workload(lane.backend, kind)
    if not is_automatic(lane.params, workload):
        return Calibrated(lane_id=lane.lane_id, params={})
    params, fields = convert(without_automatic(lane.params, workload), workload)
    if params is None:
        raise InvalidInput(fields)
    asked = Lane(lane_id=lane.lane_id, label=lane.label, kind=kind, params=params)
    found = await bounded(
        f"calibrating {lane.label}",
        lambda: registry.make(lane.backend).calibrate(asked, context),
        LIMIT_S,
    )
    if isinstance(found, Failure):
        raise BenchraceError.of(found)
    return Calibrated(lane_id=lane.lane_id, params=_checked(found, lane, workload))


def _checked(found: Mapping[str, Any] | None, lane: JobLane, workload: Workload) -> dict[str, Any]:
    name = workload.automatic
    if found is None or name is None:
        text = f"backend {lane.backend} finds no value by itself; give a number"
        raise InvalidInput(FieldError(name or "", text))
    types = {field.encode_name: field.type for field in msgspec.structs.fields(workload.accepts)}
    if set(found) != {name}:
        raise TypeError(f"calibrate of {lane.backend} answered {found!r:.200}, not one {name}")
    return {name: msgspec.convert(found[name], types[name])}
