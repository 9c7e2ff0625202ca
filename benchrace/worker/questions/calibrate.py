"""Find the value of "auto", lane by lane."""

from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace import structs
from benchrace.errors import FieldError, InvalidInput
from benchrace.plugin import Lane, Workload
from benchrace.protocol.agent_worker import CalibrateOrder
from benchrace.protocol.capabilities import Calibrated
from benchrace.run.lane import JobLane
from benchrace.worker.guarded_call import guarded_call
from benchrace.worker.params import convert, is_automatic, without_automatic
from benchrace.worker.questions.question_context import QuestionContext
from benchrace.worker.registry import Registry

LIMIT_S = 120.0


async def calibrate_lanes(
    order: CalibrateOrder, registry: Registry, context: QuestionContext
) -> list[Calibrated]:
    """Calibrate each lane that asks for it, in turn; raises the first failure."""
    return [await _lane(lane, order.kind, registry, context) for lane in order.lanes]


async def _lane(
    lane: JobLane, kind: str, registry: Registry, context: QuestionContext
) -> Calibrated:
    workload = registry.workload(lane.backend, kind)
    if not is_automatic(lane.params, workload):
        return Calibrated(lane_id=lane.lane_id, params={})
    params, fields = convert(without_automatic(lane.params, workload), workload)
    if params is None:
        raise InvalidInput(fields)
    question = Lane(lane_id=lane.lane_id, label=lane.label, kind=kind, params=params)
    chosen = await guarded_call(
        f"calibrating {lane.label}",
        lambda: registry.make(lane.backend).calibrate(question, context),
        LIMIT_S,
    )
    return Calibrated(lane_id=lane.lane_id, params=_checked(chosen, lane, workload))


def _checked(params: Mapping[str, Any] | None, lane: JobLane, workload: Workload) -> dict[str, Any]:
    name = workload.automatic
    if params is None or name is None:
        text = f"backend {lane.backend} cannot choose a value; give a number"
        raise InvalidInput(FieldError(name or "", text))
    types = {field.encode_name: field.type for field in msgspec.structs.fields(workload.accepts)}
    if set(params) != {name}:
        raise TypeError(f"calibrate of {lane.backend} answered {params!r:.200}, not one {name}")
    return {name: structs.convert(params[name], types[name])}
