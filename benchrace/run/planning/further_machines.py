"""Machines that a lane names beside its own: what clients and workers have in common."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchrace.errors import FieldError
from benchrace.run.machine import MachineView
from benchrace.run.planning.named import unknown_machine


def refusals(
    path: str,
    names: Sequence[str],
    machine: MachineView,
    machines_by_id: Mapping[str, MachineView],
    *,
    role: str,
    does: str,
    unable: Callable[[MachineView], str | None],
) -> Iterator[FieldError]:
    """Yield what is wrong with the machines of a list, each at its place in the list.

    `role` and `does` are what one of them is called, and what the lane's own `machine` does as
    well. `unable` returns why an available machine cannot do it, and what to do.
    """
    for index, name in enumerate(names):
        view = machines_by_id.get(name)
        if view is None:
            why: str | None = unknown_machine(name, machines_by_id)
        elif name == machine.machine_id:
            why = f"{name} is the lane's own machine, which always {does}; leave it out"
        elif name in names[:index]:
            why = f"{name} is named twice; name each {role} once"
        else:
            why = unable(view) if view.available else None
        if why is not None:
            yield FieldError(f"{path}[{index}]", why)
