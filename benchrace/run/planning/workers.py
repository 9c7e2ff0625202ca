"""Workers of a lane: which machines may be one, so that it spans several."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from benchrace.errors import FieldError
from benchrace.plugin.operations import Operation
from benchrace.run.machine import MachineView
from benchrace.run.planning import further_machines
from benchrace.run.planning.named import listed, shown
from benchrace.run.spec import LaneSpec

if TYPE_CHECKING:
    from benchrace.run.planning.lanes import Filled

NO_MACHINE = "several machines fit, and workers need one that coordinates them: name it"
_APART = "they would disturb each other: race them in two runs and compare"


def refusals(
    at: str,
    lane: LaneSpec,
    machine: MachineView,
    backend: str,
    *,
    kind: str,
    machines_by_id: Mapping[str, MachineView],
) -> tuple[FieldError, ...]:
    """Return what is wrong with the workers of one lane by itself."""
    if not lane.workers:
        return ()
    own = machine.workload(backend, kind)
    if own is None or not own.spans:
        text = f'a lane of "{backend}" for "{shown(kind)}" runs on one machine only'
        return (FieldError(f"{at}.workers", f"{text}; {_instead(machine, kind)}"),)
    return tuple(
        further_machines.refusals(
            f"{at}.workers",
            lane.workers,
            machine,
            machines_by_id,
            role="worker",
            does="takes part",
            unable=lambda view: _unable(view, backend, lane.clients),
        )
    )


def _instead(machine: MachineView, kind: str) -> str:
    able = [
        offered.name
        for offered in machine.backends
        if any(workload.kind == kind and workload.spans for workload in offered.workloads)
    ]
    return f"leave the workers out, or use backend {listed(able)}" if able else "leave them out"


def _unable(view: MachineView, backend: str, clients: Collection[str]) -> str | None:
    """Return why a machine cannot be a worker, with what to do; None where it can."""
    if view.machine_id in clients:
        text = f"{view.machine_id} generates load for this lane and cannot compute for it as well"
        return f"{text}; name another machine"
    offered = next((offered for offered in view.backends if offered.name == backend), None)
    where = f'machine "{view.machine_id}"'
    if offered is None:
        return f'{where} has no backend "{backend}"; install its plugin there'
    if Operation.LEND not in offered.operations:
        return f'backend "{backend}" of {where} does not support workers; update the plugin there'
    return None


def clashes(lanes: Sequence["Filled"]) -> list[FieldError]:
    """Reject workers that another lane uses too: lanes of several machines run together."""
    errors = []
    for lane in lanes:
        others = {
            machine.machine_id for other in lanes if other is not lane for machine in other.machines
        }
        for index, worker in enumerate(lane.workers):
            if worker.machine_id in others:
                text = f"machine {worker.machine_id} works for another lane of this run"
                path = f"lanes[{lane.index}].workers[{index}]"
                errors.append(FieldError(path, f"{text}, and {_APART}"))
    return errors
