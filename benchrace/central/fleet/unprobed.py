"""Probe engines that were never probed, where the plan of a run depends on their models."""

import logging
from collections.abc import Iterator

import anyio

from benchrace.central.fleet.descriptions import lanes_on
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.machine import Machine
from benchrace.errors import BenchraceError
from benchrace.plugin.description import WorkloadDescription
from benchrace.protocol.capabilities import BackendStatus
from benchrace.run.spec import RunSpec

log = logging.getLogger(__name__)


async def probe_unprobed(spec: RunSpec, fleet: Fleet, limit_s: float) -> None:
    """Probe the machines that `spec` may use and whose engines its plan depends on.

    A machine that does not answer within `limit_s` is planned for as it is known.
    """

    async def probe(machine_id: str) -> None:
        try:
            await fleet.probe(machine_id, limit_s)
        except BenchraceError as error:
            log.info("%s was not probed for a new run: %s", machine_id, error)

    async with anyio.create_task_group() as group:
        for machine in tuple(fleet):
            if _awaited(spec, machine):
                group.start_soon(probe, machine.machine_id)


def _awaited(spec: RunSpec, machine: Machine) -> bool:
    if machine.excluded or machine.session is None or not any(lanes_on(machine, spec)):
        return False
    offers = list(_offers(machine, spec.kind))
    # Models decide which of several backends a lane gets, and which lanes load one model again.
    matters = len(offers) > 1 or any(work.load_params for _, work in offers)
    # One that could not be probed has problems instead: it is not tried again for each plan.
    return matters and any(one.reachable is None and not one.problems for one, _ in offers)


def _offers(machine: Machine, kind: str) -> Iterator[tuple[BackendStatus, WorkloadDescription]]:
    backends = () if machine.capabilities is None else machine.capabilities.backends
    for status in backends:
        for work in status.description.workloads:
            if work.kind == kind:
                yield status, work
