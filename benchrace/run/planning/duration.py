"""How long a planned run takes, by what its lanes took in earlier runs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from benchrace.errors import Category
from benchrace.run.clients import key_of
from benchrace.run.lane import RunLane, by_machine
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning import schema as schemas
from benchrace.run.planning.coerce import AUTO
from benchrace.run.states import RunState
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
    """Return what a run that is over took; None where its time says nothing of another one.

    A cancelled run has the rounds that its lanes finished.
    """
    rounds_ns = {
        lane.lane_id: [round_.elapsed_ns for round_ in lane.rounds]
        for lane in summary.lanes
        if lane.rounds
    }
    cancelled = run.state is RunState.CANCELLED
    expected = (Category.CANCELLED,) if cancelled else ()
    failed = any(lane.error and lane.error.category not in expected for lane in summary.lanes)
    complete = all(lane.lane_id in rounds_ns for lane in run.lanes)
    if failed or not rounds_ns or not (complete or cancelled):
        return None
    overhead = 1.0 if cancelled else _overhead(run, rounds_ns)
    if overhead is None:
        return None
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


def _overhead(run: RunMetadata, rounds_ns: Mapping[str, Sequence[int]]) -> float | None:
    """Return how many times longer a complete run took than the rounds of its busiest machine.

    What a cancelled run waited for no other one may wait for, so its rounds alone count.
    """
    if run.started_at is None or run.ended_at is None:
        return None
    busiest_ns = max(
        sum(sum(rounds_ns[lane.lane_id]) for lane in lanes)
        for lanes in by_machine(run.lanes).values()
    )
    if busiest_ns <= 0:
        return None
    return max(1.0, (run.ended_at - run.started_at) * 1e9 / busiest_ns)


def estimate(run: RunMetadata, earlier: Iterable[LaneTimes]) -> Estimate:
    """Estimate a planned run from earlier ones, those that say most first."""
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
        lanes = f"{new[0]} and {len(new) - 1} more" if len(new) > 1 else new[0]
        return Estimate(duration_ns=None, reason=f"no comparable earlier run of {lanes}")
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
    if offered is not None:
        # A plan whose lanes were not checked has no defaults yet.
        params = schemas.completed(params, offered.params_schema)
    text = msgspec.json.encode(params, order="deterministic").decode()
    return Key(key_of(lane), lane.backend, text, automatic)
