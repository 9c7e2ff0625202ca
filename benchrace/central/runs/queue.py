"""Which waiting runs may start: in order, and never two on one computer. Pure."""

from collections.abc import Iterable, Sequence

import msgspec


class Claim(msgspec.Struct, frozen=True):
    """A run and the computers that it needs for itself."""

    run_id: str
    hosts: frozenset[str]


def startable(waiting: Sequence[Claim], running: Iterable[Claim]) -> tuple[str, ...]:
    """Return the runs that may start now.

    A run passes an earlier one only if the two have no computer in common, so none waits for ever.
    """
    taken: set[str] = set()
    for claim in running:
        taken |= claim.hosts
    chosen = []
    for claim in waiting:
        if taken.isdisjoint(claim.hosts):
            chosen.append(claim.run_id)
        taken |= claim.hosts
    return tuple(chosen)


def position(waiting: Sequence[Claim], run_id: str) -> int | None:
    """Return a run's position in the queue, from 1; None if it is not waiting."""
    return next((place for place, claim in enumerate(waiting, 1) if claim.run_id == run_id), None)
