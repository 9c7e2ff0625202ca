"""A run that comes while an agent that has just linked still describes its plugins."""

import anyio
import msgspec
import pytest

from benchrace.central.fleet.descriptions import wait_for_descriptions
from benchrace.central.fleet.machine import Machine
from benchrace.errors import InvalidInput
from benchrace.notifier import Notifier
from benchrace.plugin.description import PluginDescription
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import RunState
from tests.central.hosting import Host
from tests.central.offer import capabilities
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3)
PENDING = PluginDescription(
    name="slow", module="slow", distribution=None, version=None, pending=True
)


def describing(current: Capabilities) -> Capabilities:
    return msgspec.structs.replace(current, plugins=(PENDING,))


class Waited(Notifier):
    """Counts who waits, and lets the machine learn `next` then."""

    def __init__(self, machine: Machine, current: Capabilities | None) -> None:
        super().__init__()
        self.machine = machine
        self.later = current
        self.times = 0

    async def wait(self, seen: int | None = None) -> int:
        self.times += 1
        if self.later is None:
            return await super().wait(seen)
        self.machine.learn(self.later)
        return self.count


async def linked(host: Host, now: Capabilities, later: Capabilities | None) -> Waited:
    await host.link(FakeAgent())
    machine = host.central.fleet.get("local")
    machine.learn(now)
    machine.changed = waited = Waited(machine, later)
    return waited


async def test_a_run_waits_until_its_machine_has_described_its_plugins(host: Host) -> None:
    current = capabilities("local")
    nothing = msgspec.structs.replace(describing(current), backends=())
    waited = await linked(host, nothing, current)
    over = await host.over(await host.central.submit(SPEC))
    assert over.state is RunState.DONE
    assert waited.times == 1


async def test_a_plan_waits_too(host: Host) -> None:
    current = capabilities("local")
    await linked(host, msgspec.structs.replace(describing(current), backends=()), current)
    assert (await host.central.dry_run(SPEC)).lanes[0].backend == "fake"


async def test_a_plugin_that_hangs_is_named_after_the_limit(host: Host) -> None:
    limits = msgspec.structs.replace(host.central.settings.limits, describe_s=0.0)
    host.central.settings = msgspec.structs.replace(host.central.settings, limits=limits)
    current = capabilities("local")
    await linked(host, msgspec.structs.replace(describing(current), backends=()), None)
    with pytest.raises(InvalidInput, match=r"slow \(still being described\)"):
        await host.central.submit(SPEC)


@pytest.mark.parametrize(
    ("lane", "times"),
    [
        (LaneSpec(backend="fake"), 0),
        (LaneSpec(machine_id="other"), 0),
        (LaneSpec(backend="unknown"), 1),
        (LaneSpec(machine_id="local"), 1),
    ],
)
async def test_only_what_may_be_needed_is_waited_for(
    host: Host, lane: LaneSpec, times: int
) -> None:
    current = capabilities("local")
    waited = await linked(host, describing(current), current)
    spec = msgspec.structs.replace(SPEC, lanes=(lane,))
    await wait_for_descriptions(spec, host.central.fleet, 30)
    assert waited.times == times


async def test_a_machine_that_leaves_is_not_waited_for(host: Host) -> None:
    waited = await linked(host, describing(capabilities("local")), None)
    machine = waited.machine
    session = machine.session
    assert session is not None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_for_descriptions, SPEC, host.central.fleet, 30)
        await host.until(lambda: waited.times)
        machine.leave(session)
