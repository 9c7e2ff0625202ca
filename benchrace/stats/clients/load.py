"""How busy the machines were that generated the load of a lane, over its rounds."""

from typing import TypeVar

import msgspec

from benchrace import structs
from benchrace.events import Level, RoundDone
from benchrace.kinds.llm import ServeRecord
from benchrace.plugin.llm.saturation import CODE
from benchrace.run.clients import machines_of
from benchrace.run.lane import RunLane
from benchrace.run.summary import ClientSummary

T = TypeVar("T", int, float)


class Loads:
    """Adds up the parts of counted rounds, by lane and machine; the worst round stands."""

    def __init__(self) -> None:
        self._summaries: dict[tuple[str, str], ClientSummary] = {}

    def take(self, lane: RunLane, machine_id: str, event: RoundDone) -> None:
        """Add one machine's part of a round; a warm-up, or a failed one, adds nothing."""
        done = event.payload
        if done.warmup or done.record is None or done.verdict.level is Level.INVALID:
            return
        try:
            client = structs.convert(done.record, ServeRecord).client
        except msgspec.ValidationError:
            return
        if client is None:
            return
        before = self._of(lane, machine_id)
        busy = client.cpu_ns / client.span_ns if client.span_ns else None
        saturated = any(reason.code == CODE for reason in done.verdict.reasons)
        self._summaries[lane.lane_id, machine_id] = ClientSummary(
            machine_id=machine_id,
            rounds=before.rounds + 1,
            requests=before.requests + client.requests,
            busy=_most(before.busy, busy),
            late_ns=_most(before.late_ns, client.late_ns),
            saturated=before.saturated + saturated,
        )

    def summaries(self, lane: RunLane) -> tuple[ClientSummary, ...]:
        """Return the machines of a lane, its own first; those without a round have no figures."""
        return tuple(self._of(lane, machine_id) for machine_id in machines_of(lane))

    def _of(self, lane: RunLane, machine_id: str) -> ClientSummary:
        return self._summaries.get((lane.lane_id, machine_id)) or ClientSummary(
            machine_id=machine_id
        )


def _most(one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
