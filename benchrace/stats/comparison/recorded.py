"""Which facts of a lane are recorded: some come only with the progress of its run."""

from collections.abc import Mapping
from enum import StrEnum

from benchrace.run.document import DocumentLane, RunDocument


class Part(StrEnum):
    """A group of facts that are recorded together."""

    MACHINE = "machine"
    START = "start"
    ROUNDS = "rounds"


_MISSING = {
    Part.MACHINE: "its machine is not recorded, as the run did not begin",
    Part.ROUNDS: "it has no round after the warm-ups",
}


def parts(run: RunDocument, lane: DocumentLane) -> frozenset[Part]:
    """Return the groups of facts that a lane has."""
    recorded = {
        Part.MACHINE: isinstance(run.machines.get(lane.machine_id), Mapping),
        Part.START: run.state.final or run.staggered,
        Part.ROUNDS: any(not done.warmup for done in lane.rounds),
    }
    return frozenset(part for part, there in recorded.items() if there)


def missing(run: RunDocument, lane: DocumentLane) -> tuple[str, ...]:
    """Describe what a lane does not have yet, so that it cannot be compared."""
    present = parts(run, lane)
    return tuple(text for part, text in _MISSING.items() if part not in present)
