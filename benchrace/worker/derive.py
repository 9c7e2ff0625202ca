"""Derive numbers again from the records of rounds, by the plugins' kinds as they are now."""

from typing import Any

import msgspec

from benchrace.errors import InvalidInput
from benchrace.plugin import Params, Workload
from benchrace.plugin.describe import workload_description
from benchrace.run.control import DeriveOrder
from benchrace.run.rederive import DerivedRound, RawRound, Rederived
from benchrace.worker.failing import failure_of
from benchrace.worker.params import convert, without_automatic
from benchrace.worker.registry import Registry
from benchrace.worker.verdict import declared


def derive_rounds(order: DeriveOrder, registry: Registry) -> Rederived:
    """Derive each round; raises where a lane's backend or kind is not there."""
    workloads: dict[str, Workload] = {
        lane.lane_id: registry.workload(lane.backend, order.kind) for lane in order.lanes
    }
    params = {lane.lane_id: _params(lane.params, workloads[lane.lane_id]) for lane in order.lanes}
    return Rederived(
        workloads={
            lane.backend: workload_description(workloads[lane.lane_id]) for lane in order.lanes
        },
        rounds=tuple(
            _round(each, workloads[each.lane_id], params[each.lane_id])
            for each in order.rounds
            if each.lane_id in workloads
        ),
    )


def _params(given: dict[str, Any], workload: Workload) -> Params | str:
    params, fields = convert(without_automatic(given, workload), workload)
    if params is None:
        return f"the lane's parameters are not valid any more: {InvalidInput(fields).message}"
    return params


def _round(raw: RawRound, workload: Workload, params: Params | str) -> DerivedRound:
    if isinstance(params, str):
        return DerivedRound(lane_id=raw.lane_id, round=raw.round, problem=params)
    try:
        record = msgspec.convert(raw.record, workload.kind.record)
        found = declared(workload.kind, record, params)
    except msgspec.ValidationError as error:
        told = f"its record is of another shape: {error}"
        return DerivedRound(lane_id=raw.lane_id, round=raw.round, problem=told)
    except Exception as error:  # noqa: BLE001 - a plugin's `derive` may raise anything
        told = failure_of(error, f"deriving the metrics of {workload.kind.name}").message
        return DerivedRound(lane_id=raw.lane_id, round=raw.round, problem=told)
    return DerivedRound(lane_id=raw.lane_id, round=raw.round, measured=tuple(found.values()))
