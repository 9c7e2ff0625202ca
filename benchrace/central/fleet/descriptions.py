"""Wait for plugins that an agent is still describing, where a run may need one of them."""

from collections.abc import Iterable, Iterator

import anyio

from benchrace.central.fleet.machine import Machine
from benchrace.run.spec import LaneSpec, RunSpec


async def wait_for_descriptions(spec: RunSpec, machines: Iterable[Machine], limit_s: float) -> None:
    """Wait until the machines that `spec` may use have described what it may use.

    Which backend a lane gets must not depend on which plugin is described first. One that hangs
    delays the run by `limit_s` at most.
    """
    with anyio.move_on_after(limit_s):
        for machine in tuple(machines):
            while _awaited(spec, machine):
                await machine.changed.wait()


def _awaited(spec: RunSpec, machine: Machine) -> bool:
    if machine.excluded or not machine.describing:
        return False
    return any(not _offered(lane, spec.kind, machine) for lane in lanes_on(machine, spec))


def lanes_on(machine: Machine, spec: RunSpec) -> Iterator[LaneSpec]:
    """Yield the lanes that may run on a machine; without any, one stands for all of them."""
    for lane in spec.lanes or (LaneSpec(),):
        named = (lane.machine_id, *lane.clients, *lane.workers)
        if lane.machine_id is None or machine.machine_id in named:
            yield lane


def _offered(lane: LaneSpec, kind: str, machine: Machine) -> bool:
    """Check whether the backend that a lane names is described already."""
    backends = () if machine.capabilities is None else machine.capabilities.backends
    return any(
        status.description.name == lane.backend
        and any(work.kind == kind for work in status.description.workloads)
        for status in backends
    )
