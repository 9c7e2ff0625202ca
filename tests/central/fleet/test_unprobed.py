"""Engines that were never probed, when a run is planned."""

from typing import Any

import msgspec
import pytest

from benchrace.central.fleet.fleet import Fleet
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.description import BackendDescription
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import BackendStatus, Capabilities
from benchrace.run.spec import LaneSpec, RunSpec
from tests.central.hosting import Host
from tests.central.offer import WORKLOAD, capabilities
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3, lanes=(LaneSpec(backend="fake"),))
HUNG = Problem(message="its probe hung", remedy="Restart it.")
LOADS = msgspec.structs.replace(WORKLOAD, load_params=("threads",))


def backend(name: str = "fake", reachable: bool | None = None, **changes: Any) -> BackendStatus:
    workload = msgspec.structs.replace(WORKLOAD, **changes)
    described = BackendDescription(name=name, title=name, version="1", workloads=(workload,))
    return BackendStatus(description=described, plugin=name, reachable=reachable)


def having(*backends: BackendStatus) -> Capabilities:
    return msgspec.structs.replace(capabilities("local"), backends=backends)


async def probes(host: Host, spec: RunSpec, *backends: BackendStatus) -> int:
    """Plan a run on a machine with these backends, and count the probes that it is asked for."""
    agent = FakeAgent()
    await host.link(agent)
    host.central.fleet.get("local").learn(having(*backends))
    await host.central.dry_run(spec)
    return sum(ask.what == "probe" for ask in agent.asks)


@pytest.mark.parametrize(
    ("backends", "count"),
    [
        ([backend()], 0),
        ([backend(load_params=("threads",))], 1),
        ([backend(load_params=("threads",), reachable=False)], 0),
        ([msgspec.structs.replace(backend(load_params=("threads",)), problems=(HUNG,))], 0),
        ([backend(), backend("other")], 1),
        ([backend(), backend("other", kind="play")], 0),
    ],
)
async def test_they_are_probed_where_the_plan_depends_on_them(
    host: Host, backends: list[BackendStatus], count: int
) -> None:
    assert await probes(host, SPEC, *backends) == count


async def test_a_plan_without_checks_asks_no_machine(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    host.central.fleet.get("local").learn(having(backend(load_params=("threads",))))
    await host.central.dry_run(SPEC, check=False)
    assert agent.asks == []


async def test_a_machine_that_the_run_does_not_use_is_left_alone(host: Host) -> None:
    await host.link(FakeAgent("other"))
    spec = msgspec.structs.replace(SPEC, lanes=(LaneSpec(machine_id="other"),))
    assert await probes(host, spec, backend(load_params=("threads",))) == 0


async def test_the_plan_knows_what_the_probe_found(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    machine = host.central.fleet.get("local")
    # Two of them: the answer, as scripted, has one, and the lane needs no choice any more.
    machine.learn(having(backend(), backend("other")))
    spec = msgspec.structs.replace(SPEC, lanes=())
    assert (await host.central.dry_run(spec)).lanes[0].backend == "fake"


async def test_a_machine_that_cannot_be_probed_is_planned_for_as_it_is_known(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measuring(_fleet: Fleet, machine_id: str, _limit_s: float) -> None:
        raise BenchraceError(Category.BUSY, f"job 7 is running on {machine_id}")

    monkeypatch.setattr(Fleet, "probe", measuring)
    assert await probes(host, SPEC, backend(load_params=("threads",))) == 0
