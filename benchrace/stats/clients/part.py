"""One machine's part of a round, and where its clock stands."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchrace.events import RoundDone
from benchrace.events.payloads import JobBegun
from benchrace.kinds.llm import ServeRecord


class PartRound(NamedTuple):
    """What a machine measured. `started_ns` is the round's start on that machine's clock.

    `gaps` are those between the chunks of all of its answers, None where the log lacks stamps.
    """

    machine: str
    done: RoundDone
    started_ns: int | None
    gaps: Sequence[int] | None


class Zeros(NamedTuple):
    """What each part's instants count from, on one clock, as ns since the first of them.

    `unsure_ns` is how far the distance between any two of them may be off.
    """

    at_ns: tuple[int, ...]
    unsure_ns: int


def zeros(
    parts: Sequence[PartRound], records: Sequence[ServeRecord], starts: Mapping[str, JobBegun]
) -> Zeros | str:
    """Put the parts of a round on one clock, or return why they cannot be.

    Each part's start is known on central's clock; its load begins a little later, by its own clock.
    """
    at_ns, unsure_ns = [], []
    for part, record in zip(parts, records, strict=True):
        begun = starts.get(part.done.job_id or "")
        if part.done.payload.heat is None:
            return "warm-up rounds do not start together"
        if begun is None or part.started_ns is None:
            return f"the clock of {part.machine} was not compared with the others' at this start"
        if record.simulated:
            return f"the round of {part.machine} is simulated, and begins at no common instant"
        if record.began_ns is None:
            return f"{part.machine} does not report when its load began: update benchrace there"
        at_ns.append(begun.at_ns + record.began_ns - part.started_ns)
        unsure_ns.append(begun.uncertainty_ns)
    first = min(at_ns)
    return Zeros(
        at_ns=tuple(at - first for at in at_ns), unsure_ns=sum(sorted(unsure_ns, reverse=True)[:2])
    )
