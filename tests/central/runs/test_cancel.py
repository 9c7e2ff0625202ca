"""A run can be cancelled in every phase, and then has an end like any other."""

import anyio
import pytest

from benchrace.errors import NotFound
from benchrace.protocol import agent_central as m
from benchrace.run.spec import RunSpec
from benchrace.run.states import JobPhase, RunState
from tests.central.hosting import Host
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3)
AUTO = RunSpec(kind="work", params={"n": "auto"}, rounds=3)


async def test_while_it_waits_in_the_queue(host: Host) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    first = await host.central.submit(SPEC)
    second = await host.central.submit(SPEC)
    third = await host.central.submit(SPEC)
    assert [host.central.queue_position(run_id) for run_id in (second, third)] == [1, 2]
    await host.central.cancel(second, "not now")
    over = await host.over(second)
    assert over.state is RunState.CANCELLED
    assert over.phases == ["run_end"]
    assert host.central.queue_position(third) == 1
    agent.open_gate.set()
    assert (await host.over(first)).state is RunState.DONE
    assert (await host.over(third)).state is RunState.DONE


async def test_while_it_is_calibrated(host: Host) -> None:
    agent = FakeAgent()
    calibrating = anyio.Event()

    async def answering(ask: m.Ask) -> None:
        if ask.what == "calibrate":
            calibrating.set()
            await anyio.sleep_forever()

    agent.answering = answering  # type: ignore[method-assign]
    await host.link(agent)
    run_id = await host.central.submit(AUTO)
    await calibrating.wait()
    await host.central.cancel(run_id, "too slow")
    over = await host.over(run_id)
    assert over.state is RunState.CANCELLED
    assert agent.jobs == {}


async def test_while_it_waits_for_its_machine(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    agent.phases.append(m.PhaseChanged(job_id="j" + "0" * 16, phase=JobPhase.RUNNING))
    agent.notify()
    await host.until(lambda: not host.is_ready(agent))
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.central.queue_position(run_id) is None)
    await host.central.cancel(run_id, "I cannot wait")
    assert (await host.over(run_id)).state is RunState.CANCELLED


async def test_while_lanes_are_opened(host: Host) -> None:
    agent = FakeAgent(opening=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: agent.jobs)
    await host.central.cancel(run_id, "wrong model")
    over = await host.over(run_id)
    assert over.state is RunState.CANCELLED
    assert agent.job.cancel == "wrong model"


async def test_while_it_stands_at_the_start_line(host: Host) -> None:
    slow, quick = FakeAgent("b", opening=anyio.Event()), FakeAgent("a")
    await host.link(quick, slow)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: quick.jobs and quick.job.heat == 0)
    await host.central.cancel(run_id, "never mind")
    over = await host.over(run_id)
    assert over.state is RunState.CANCELLED
    assert over.heats == []


async def test_while_a_round_runs(host: Host) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: len(agent.jobs) and agent.job.lines["work"])
    await host.central.cancel(run_id, "enough")
    await host.central.cancel(run_id, "a second time")
    over = await host.over(run_id)
    assert over.state is RunState.CANCELLED
    assert over.of(agent.job) == agent.job.lines["work"]
    assert agent.job.cancel == "enough"


@pytest.mark.slow
async def test_an_agent_that_does_not_end_is_not_waited_for(host: Host) -> None:
    agent = FakeAgent(open_gate=anyio.Event(), mute=False)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: len(agent.jobs) and agent.job.lines["work"])
    agent.mute = True
    await host.central.cancel(run_id, "enough")
    assert (await host.over(run_id)).state is RunState.CANCELLED


async def test_a_run_that_is_over_stays_as_it_is(host: Host) -> None:
    await host.link(FakeAgent())
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    await host.central.cancel(run_id, "too late")
    assert (await host.over(run_id)).state is RunState.DONE


async def test_an_unknown_run_is_said_to_be_unknown(host: Host) -> None:
    with pytest.raises(NotFound):
        await host.central.cancel("2026-01-01_000000_abcdef", "where?")
