"""What measures on central's own computer."""

from collections.abc import Callable, Iterable

from benchrace.central.fleet.machine import Machine


def measures_here(
    machines: Iterable[Machine], run_of: Callable[[str], str | None], host_id: str
) -> bool:
    """Check whether a machine of this very computer measures, linked or not.

    `run_of` names the run that a machine works for.
    """
    return any(
        machine.others or run_of(machine.machine_id) is not None
        for machine in machines
        if _is_here(machine, host_id)
    )


def _is_here(machine: Machine, host_id: str) -> bool:
    # An agent in a container has another host's name: its link alone tells.
    local = machine.session is not None and machine.session.security.local
    return local or machine.host_id == host_id
