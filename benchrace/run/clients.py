"""Lanes whose load several machines make together, and what each of them does. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from benchrace.plugin.part import Part
from benchrace.run.lane import RunLane


def machines_of(lane: RunLane) -> tuple[str, ...]:
    """Return the machines that make a lane's load, its own first."""
    return (lane.machine_id, *(client.machine_id for client in lane.clients))


def jobs_of(lane: RunLane) -> tuple[str | None, ...]:
    """Return the jobs of a lane, its own machine's first; null before they were created."""
    return (lane.job_id, *(client.job_id for client in lane.clients))


def on_machines(lanes: Iterable[RunLane]) -> Iterator[RunLane]:
    """Yield each lane once for each of its machines, as that machine's job has it."""
    for lane in lanes:
        if not lane.clients:
            yield lane
            continue
        for index, (machine_id, job_id) in enumerate(
            zip(machines_of(lane), jobs_of(lane), strict=True)
        ):
            yield msgspec.structs.replace(
                lane,
                machine_id=machine_id,
                job_id=job_id,
                part=Part(index=index, of=len(lane.clients) + 1),
                clients=(),
                # The lane's own machine coordinates its worker machines.
                workers=() if index else lane.workers,
            )


def has_clients(lanes: Iterable[RunLane]) -> bool:
    """Check whether several machines generate the load of any lane."""
    return any(lane.clients for lane in lanes)


def key_of(lane: RunLane) -> str:
    """Return what tells apart the machines of lanes; that of one machine is its id."""
    return "".join(("+".join(machines_of(lane)), *(f" over {name}" for name in lane.workers)))
