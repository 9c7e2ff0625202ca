"""From a planned run to one that can start: readiness of its lanes, calibration, names of jobs."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from benchrace.plugin.lending import Peer
from benchrace.run.lane import RunLane
from benchrace.run.metadata import LeftOut, RunMetadata
from benchrace.run.planning.coerce import AUTO


def path(run: RunMetadata, lane: RunLane, name: str = "") -> str:
    """Return where in the specification a lane's parameter comes from: `lanes[1].params.n`."""
    at = lane.spec_index
    if at is None or (name and name not in run.spec.lanes[at].params):
        return f"params.{name}" if name else "params"
    return f"lanes[{at}].params.{name}" if name else f"lanes[{at}]"


def with_readiness(
    run: RunMetadata,
    complete: Mapping[str, Mapping[str, Any]],
    left_out: Mapping[str, LeftOut],
) -> RunMetadata:
    """Take over what preflight found, by lane id: complete parameters, and lanes left out.

    The other lanes keep their ids and labels.
    """
    lanes = tuple(
        msgspec.structs.replace(lane, params=dict(complete.get(lane.lane_id, lane.params)))
        for lane in run.lanes
        if lane.lane_id not in left_out
    )
    backends = {lane.backend for lane in lanes}
    return msgspec.structs.replace(
        run,
        lanes=lanes,
        workloads={name: offered for name, offered in run.workloads.items() if name in backends},
        left_out=(*run.left_out, *left_out.values()),
    )


def to_calibrate(run: RunMetadata) -> tuple[RunLane, ...]:
    """Return the lanes whose automatic parameter is still "auto"."""
    return tuple(
        lane
        for lane in run.lanes
        if (offered := run.workloads.get(lane.backend)) is not None
        and offered.automatic is not None
        and lane.params.get(offered.automatic) == AUTO
    )


def smallest(choices: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Combine what lanes were calibrated to: the slowest lane's value suits them all."""
    values: dict[str, Any] = {}
    for params in choices:
        for name, value in params.items():
            values[name] = min(values.get(name, value), value)
    return values


def with_automatic(run: RunMetadata, values: Mapping[str, Any]) -> RunMetadata:
    """Fill the calibrated value into every lane that says "auto", and keep it with the run."""

    def fill(lane: RunLane) -> RunLane:
        params = {
            name: values[name] if value == AUTO and name in values else value
            for name, value in lane.params.items()
        }
        return msgspec.structs.replace(lane, params=params)

    return msgspec.structs.replace(
        run, lanes=tuple(fill(lane) for lane in run.lanes), automatic=dict(values)
    )


def with_jobs(run: RunMetadata, job_ids: Mapping[str, str]) -> RunMetadata:
    """Assign the jobs of a run, by machine; raises `KeyError` where a machine has none."""
    return msgspec.structs.replace(
        run,
        lanes=tuple(
            msgspec.structs.replace(
                lane,
                job_id=job_ids[lane.machine_id],
                clients=tuple(
                    msgspec.structs.replace(client, job_id=job_ids[client.machine_id])
                    for client in lane.clients
                ),
            )
            for lane in run.lanes
        ),
    )


def with_peers(run: RunMetadata, peers: Mapping[str, tuple[Peer, ...]]) -> RunMetadata:
    """Fill in what other machines lend, by lane."""
    return msgspec.structs.replace(
        run,
        lanes=tuple(
            msgspec.structs.replace(lane, peers=peers.get(lane.lane_id, lane.peers))
            for lane in run.lanes
        ),
    )
