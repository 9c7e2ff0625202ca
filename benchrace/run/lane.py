"""A planned lane: what runs in it, and where."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.ids import JobId, LaneId, MachineId, Name
from benchrace.plugin.lending import Peer
from benchrace.plugin.part import Part


class JobLane(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker needs of a lane; `params` overlay the kind's defaults.

    The form on the wire, and in `job.json`: machine and job are the job's own, which all of its
    lanes share. A `RunLane` may be sent in its place, since readers ignore fields that they do not
    know.
    """

    lane_id: LaneId
    label: str
    backend: Name
    params: dict[str, Any]
    peers: tuple[Peer, ...] = ()
    part: Part | None = None


class LaneClient(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that generates load for a lane in addition to the lane's own, in its own job."""

    machine_id: MachineId
    job_id: JobId | None = None


class RunLane(JobLane, frozen=True, kw_only=True):
    """A complete lane; `job_id` is null until its job was created.

    `spec_index` is the place in the specification's `lanes` of the one that it comes from, null
    where none is named there. `clients` generate load in addition to the lane's own
    machine. `workers` are its worker machines, whose coordinator the lane's own machine is; `peers`
    is what they lend, from the start of the run on.
    """

    machine_id: MachineId
    job_id: JobId | None = None
    spec_index: Annotated[int, Meta(ge=0)] | None = None
    clients: tuple[LaneClient, ...] = ()
    workers: tuple[MachineId, ...] = ()

    @property
    def occupies(self) -> tuple[str, ...]:
        """Name the machines that nothing else may use meanwhile, its own first."""
        return (self.machine_id, *(client.machine_id for client in self.clients), *self.workers)


def by_machine(lanes: Iterable[RunLane]) -> dict[str, list[RunLane]]:
    """Sort lanes by their machine, in order."""
    sorted_out: dict[str, list[RunLane]] = {}
    for lane in lanes:
        sorted_out.setdefault(lane.machine_id, []).append(lane)
    return sorted_out
