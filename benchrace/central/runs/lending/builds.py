"""Builds of an engine on the machines of one lane: coordinator and workers need the same one."""

from collections.abc import Iterable, Iterator

import anyio

from benchrace.central.fleet.fleet import Fleet
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.readiness import Problem
from benchrace.run.lane import RunLane


async def worker_problems(
    lanes: Iterable[RunLane], fleet: Fleet, limit_s: float
) -> dict[str, tuple[Problem, ...]]:
    """Return what keeps workers from taking part, by lane, as their engines are now; raises `busy`.

    The coordinators' own engines were probed just before.
    """
    spanning = [lane for lane in lanes if lane.workers]
    failures: dict[str, BenchraceError] = {}

    async def probe(machine_id: str) -> None:
        try:
            await fleet.probe(machine_id, limit_s)
        except BenchraceError as error:
            failures[machine_id] = error

    async with anyio.create_task_group() as group:
        for machine_id in {name for lane in spanning for name in lane.workers}:
            group.start_soon(probe, machine_id)
    for error in failures.values():
        if error.category is Category.BUSY:
            raise error
    return {lane.lane_id: tuple(_problems(lane, fleet, failures)) for lane in spanning}


def _problems(
    lane: RunLane, fleet: Fleet, failures: dict[str, BenchraceError]
) -> Iterator[Problem]:
    own = _build(fleet, lane.machine_id, lane.backend)
    for machine_id in lane.workers:
        if (error := failures.get(machine_id)) is not None:
            yield Problem(message=error.message, remedy=error.remedy)
            continue
        build = _build(fleet, machine_id, lane.backend)
        if own is not None and build is not None and own != build:
            yield Problem(
                message=f"{_label(fleet, lane.machine_id)} has {lane.backend} {own}, and "
                f"{_label(fleet, machine_id)} has {build}: "
                "all machines of a lane need the same build",
                remedy="Install the same build on both machines.",
            )


def _build(fleet: Fleet, machine_id: str, backend: str) -> str | None:
    """Return an engine's build as it was last probed; None where it is not known."""
    machine = fleet.find(machine_id)
    statuses = (
        () if machine is None or machine.capabilities is None else (machine.capabilities.backends)
    )
    return next(
        (status.engine_version for status in statuses if status.description.name == backend), None
    )


def _label(fleet: Fleet, machine_id: str) -> str:
    machine = fleet.find(machine_id)
    return machine_id if machine is None else machine.label
