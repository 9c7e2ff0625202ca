"""What spoils a measurement is looked at again, and is reported when it comes or goes."""

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from benchrace.agent import plugins as module
from benchrace.agent import server
from benchrace.agent.agent import Agent
from benchrace.agent.settings import AgentSettings
from benchrace.agent.surroundings import Surroundings
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.telemetry.detection import detect
from benchrace.telemetry.environment import Environment, Power
from benchrace.telemetry.inspection import environment
from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.problem import power_problems
from benchrace.telemetry.recorded import open_recorded
from benchrace.testing.limits import HANG_S
from tests.central.offer import capabilities

pytestmark = pytest.mark.anyio
MACHINES = Path(__file__).parents[1] / "telemetry/machines"


def around(*, hot: bool = False, **power: Any) -> Environment:
    """Return a plain machine with this power, and the problems that it has."""
    now = Power(**power)
    return msgspec.structs.replace(
        capabilities("m1").environment, power=now, problems=power_problems(now, hot=hot)
    )


async def after(start: dict[str, Any], *later: dict[str, Any]) -> list[Environment]:
    """Return what is current after each look at a machine that changes so."""
    states = iter(later)
    surroundings = Surroundings(around(**start), lambda *, hot: around(hot=hot, **next(states)))
    result = [surroundings.current]
    for _ in later:
        await surroundings.look()
        result.append(surroundings.current)
    return result


def codes(environment: Environment) -> list[str]:
    return [problem.code.value for problem in environment.problems]


async def test_a_problem_that_comes_or_goes_is_reported_and_a_figure_is_not() -> None:
    battery = {"on_battery": True}
    first, warmer, unplugged, drained, plugged = await after(
        {"thermal_c": 60.0},
        {"thermal_c": 71.0},
        {**battery, "battery_percent": 84},
        {**battery, "battery_percent": 83},
        {"on_battery": False},
    )
    assert warmer is first
    assert codes(unplugged) == ["on_battery"]
    assert drained is unplugged
    assert codes(plugged) == []


async def test_a_temperature_near_its_limit_is_one_report() -> None:
    heat = [{"thermal_c": c, "thermal_limit_c": 100.0} for c in (94.9, 95.0, 96.5, 94.0, 92.0)]
    cool, *hot = await after(*heat)
    assert codes(cool) == []
    assert codes(hot[0]) == ["hot"]
    assert all(state is hot[0] for state in hot)
    *_, cooled = await after(*heat, {"thermal_c": 91.9, "thermal_limit_c": 100.0})
    assert codes(cooled) == []


async def test_what_cannot_be_looked_at_stays_as_it_is() -> None:
    surroundings = Surroundings(capabilities("m1").environment, None)
    before = surroundings.current
    await surroundings.look()
    assert surroundings.current is before
    assert not surroundings.renewed


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a laptop that is on battery, in place of this machine, without plugins."""
    (tmp_path / "data").mkdir()
    files = tmp_path / "root"
    root = open_recorded(MACHINES / "laptop-hybrid", files)
    monkeypatch.setattr(Root, "live", lambda: root)
    monkeypatch.setattr(module, "discover", lambda _group: ())
    assert "on_battery" in codes(environment(root, detect(root)))
    return files


@asynccontextmanager
async def agent_of(tmp_path: Path, **settings: Any) -> AsyncIterator[Agent]:
    agent = await server._create_agent(
        AgentSettings(
            data=tmp_path / "data", machine_id="m1", label="M", share_host=True, **settings
        )
    )
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(agent.plugins.run)
            await agent.plugins.listed()
            yield agent
            tasks.cancel_scope.cancel()


@pytest.mark.slow
async def test_an_agent_reports_its_machine_as_it_is_now(laptop: Path, tmp_path: Path) -> None:
    async with agent_of(tmp_path) as agent:
        before = await agent.capabilities.refresh()
        assert before.renewed
        assert "on_battery" in codes(before.environment)
        (laptop / "sys/class/power_supply/BAT0/capacity").write_text("17")
        announced = agent.capabilities.changed.count
        assert await agent.capabilities.refresh() == before
        assert agent.capabilities.changed.count == announced
        (laptop / "sys/class/power_supply/AC/online").write_text("1")
        after_plugging = await agent.capabilities.refresh()
        assert "on_battery" not in codes(after_plugging.environment)


async def test_a_job_begins_after_the_look_around(laptop: Path, tmp_path: Path) -> None:
    looking, seen, order = anyio.Event(), threading.Event(), list[str]()

    def look(*, hot: bool) -> Environment:
        anyio.from_thread.run_sync(looking.set)
        seen.wait(HANG_S)
        order.append("looked")
        return around()

    async def take(agent: Agent) -> None:
        await agent.slot.take("j1")
        order.append("job")

    async with agent_of(tmp_path) as agent:
        agent.capabilities._surroundings = Surroundings(around(), look)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(agent.capabilities.refresh)
            await looking.wait()
            tasks.start_soon(take, agent)
            await anyio.wait_all_tasks_blocked()
            seen.set()
    assert order == ["looked", "job"]


async def test_a_table_of_agent_yaml_without_a_backend_is_a_problem(
    laptop: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "agent.yaml: other_engine: no installed backend has this name"
    async with agent_of(tmp_path, tables={"other_engine": {}}) as agent:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(agent.capabilities.follow)
            await agent.capabilities.changed.wait()
            tasks.cancel_scope.cancel()
        await agent.capabilities.refresh()
        (problem,) = agent.capabilities.current.problems
    assert problem.message == text
    assert problem.remedy
    assert caplog.text.count(text) == 1


async def test_a_broken_plugin_may_be_the_one_that_reads_a_table(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = PluginRef(name="other", module="json.tool", distribution="other", version="1")
    monkeypatch.setattr(module, "discover", lambda _group: (ref,))
    worker = (sys.executable, "-c", "raise SystemExit(1)")
    async with agent_of(tmp_path, tables={"other_engine": {}}, worker=worker) as agent:
        reported = await agent.capabilities.refresh()
    assert [plugin.ok for plugin in reported.plugins] == [False]
    assert reported.problems == ()
