"""Derive metrics again from the records of rounds, by the plugins' present kinds."""

from typing import Any

import msgspec

from benchrace import structs
from benchrace.errors import InvalidInput
from benchrace.plugin import Params, Workload
from benchrace.plugin.host.describe import workload_description
from benchrace.protocol.agent_worker import DeriveOrder
from benchrace.run.rederive import DerivedRound, RawRound, Rederived
from benchrace.worker.job.verdict import declared
from benchrace.worker.params import convert, without_automatic
from benchrace.worker.plugin_errors import failure_of
from benchrace.worker.registry import Registry


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
            _round(round_, workloads[round_.lane_id], params[round_.lane_id])
            for round_ in order.rounds
            if round_.lane_id in workloads
        ),
    )


def _params(values: dict[str, Any], workload: Workload) -> Params | str:
    params, fields = convert(without_automatic(values, workload), workload)
    if params is None:
        return f"the lane's parameters are not valid any more: {InvalidInput(fields).message}"
    return params


def _round(raw: RawRound, workload: Workload, params: Params | str) -> DerivedRound:
    if isinstance(params, str):
        return DerivedRound(lane_id=raw.lane_id, round=raw.round, problem=params)
    try:
        record = structs.convert(raw.record, workload.kind.record)
        figures = declared(workload.kind, record, params)
    except msgspec.ValidationError as error:
        problem = f"its record does not match its type: {error}"
        return DerivedRound(lane_id=raw.lane_id, round=raw.round, problem=problem)
    except Exception as error:  # noqa: BLE001 - a plugin's `derive` may raise anything
        problem = failure_of(error, f"deriving the metrics of {workload.kind.name}").message
        return DerivedRound(lane_id=raw.lane_id, round=raw.round, problem=problem)
    return DerivedRound(lane_id=raw.lane_id, round=raw.round, measured=tuple(figures.values()))
