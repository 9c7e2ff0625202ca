"""How long a planned run takes, by what its lanes took in earlier runs."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from benchrace.run.lane import RunLane, by_machine
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.coerce import AUTO
from benchrace.run.summary import RunSummary


class Key(NamedTuple):
    """What two lanes must share to take equally long."""

    machine_id: str
    backend: str
    params: str
    automatic: bool


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """How long a run takes; `duration_ns` is null for the `reason` given."""

    duration_ns: int | None
    reason: str | None = None


class LaneTimes(msgspec.Struct, frozen=True, kw_only=True):
    """What a round of each lane took in one run, with its share of loading and waiting.

    `automatic` are the lanes whose work was calibrated: its size depends on all of them.
    """

    kind: str
    round_ns: dict[Key, float]
    automatic: frozenset[Key]


def lane_times(run: RunMetadata, summary: RunSummary) -> LaneTimes | None:
    """Return what a run that is over took; None where its time says nothing of another one."""
    rounds_ns = {
        lane.lane_id: [round_.elapsed_ns for round_ in lane.rounds] for lane in summary.lanes
    }
    complete = all(rounds_ns.get(lane.lane_id) for lane in run.lanes)
    failed = any(lane.error is not None for lane in summary.lanes)
    if run.started_at is None or run.ended_at is None or not complete or failed:
        return None
    busiest_ns = max(
        sum(sum(rounds_ns[lane.lane_id]) for lane in lanes)
        for lanes in by_machine(run.lanes).values()
    )
    if busiest_ns <= 0:
        return None
    overhead = max(1.0, (run.ended_at - run.started_at) * 1e9 / busiest_ns)
    keys = {lane.lane_id: _key(run, lane) for lane in run.lanes}
    return LaneTimes(
        kind=run.kind,
        round_ns={
            keys[lane_id]: overhead * sum(times) / len(times)
            for lane_id, times in rounds_ns.items()
            if lane_id in keys
        },
        automatic=frozenset(key for key in keys.values() if key.automatic),
    )


def estimate(run: RunMetadata, earlier: Iterable[LaneTimes]) -> Estimate:
    """Estimate a planned run from earlier ones, the newest first."""
    if run.spec.rounds == "auto":
        return Estimate(duration_ns=None, reason="the number of rounds is not fixed")
    keys = {lane.lane_id: _key(run, lane) for lane in run.lanes}
    automatic = frozenset(key for key in keys.values() if key.automatic)
    round_ns: dict[Key, float] = {}
    for times in earlier:
        for key in set(keys.values()) - round_ns.keys():
            comparable = not key.automatic or times.automatic == automatic
            if times.kind == run.kind and comparable and key in times.round_ns:
                round_ns[key] = times.round_ns[key]
        if len(round_ns) == len(set(keys.values())):
            break
    new = [lane.label for lane in run.lanes if keys[lane.lane_id] not in round_ns]
    if new:
        lanes = f"{new[0]} and {len(new) - 1} more have" if len(new) > 1 else f"{new[0]} has"
        return Estimate(duration_ns=None, reason=f"{lanes} not run before")
    rounds = run.rounds + run.warmup
    longest = max(
        sum(round_ns[keys[lane.lane_id]] for lane in lanes) * rounds
        for lanes in by_machine(run.lanes).values()
    )
    return Estimate(duration_ns=round(longest))


def _key(run: RunMetadata, lane: RunLane) -> Key:
    """Return a lane's key; a calibrated value counts as "auto", which it was."""
    offered = run.workloads.get(lane.backend)
    name = offered.automatic if offered is not None else None
    settled = (run.automatic or {}).get(name, AUTO) if name is not None else AUTO
    automatic = name is not None and lane.params.get(name) in (AUTO, settled)
    params = lane.params | {name: AUTO} if name is not None and automatic else lane.params
    text = msgspec.json.encode(params, order="deterministic").decode()
    return Key(lane.machine_id, lane.backend, text, automatic)
