"""Machines that fall silent, by a clock that the test moves."""

from collections.abc import AsyncIterator

import anyio
import pytest

from benchrace.central.runs import coordinator
from benchrace.central.runs.live_run import LiveRun
from benchrace.errors import Category
from benchrace.events import ClockStep, RunLifecycle
from benchrace.protocol.agent_central import Frame
from benchrace.run.machine import MachineState
from benchrace.run.spec import RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.stats.fold import Fold
from benchrace.store.run_log import Gap
from tests.central.hosting import Data, Host, Moved
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3, warmup=0)


@pytest.fixture
async def host(data: Data, clock: Moved) -> AsyncIterator[Host]:
    async with data.host() as host:
        yield host


async def test_a_silent_machine_is_suspect_and_then_lost(host: Host, clock: Moved) -> None:
    agent = FakeAgent(clock=clock.monotonic_ns)
    await host.link(agent)
    await host.vanish(agent)
    # The clock runs on by itself as well: steps leave it seconds.
    clock.forward(3)
    assert host.state(agent) is MachineState.READY
    clock.forward(4)
    assert host.state(agent) is MachineState.SUSPECT
    # Its socket is of no use any more: closed by 10 s, and the machine is still only suspect.
    clock.forward(4)
    await host.until(lambda: host.central.machines()[0].connected_at is None)
    assert host.state(agent) is MachineState.SUSPECT
    clock.forward(20)
    assert host.state(agent) is MachineState.LOST


async def test_a_machine_that_comes_back_in_time_finishes_its_run(host: Host, clock: Moved) -> None:
    agent = FakeAgent(open_gate=anyio.Event(), clock=clock.monotonic_ns)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    await host.vanish(agent)
    clock.forward(29)
    await host.until(lambda: host.central.machines()[0].connected_at is None)
    agent.open_gate.set()
    await agent.finished()
    agent.revive()
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]


async def test_a_machine_that_is_lost_interrupts_its_run_with_what_was_heard(
    host: Host, clock: Moved
) -> None:
    agent = FakeAgent(open_gate=anyio.Event(), clock=clock.monotonic_ns)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    message = list(agent.job.lines["work"])
    await host.vanish(agent)
    clock.forward(31)
    over = await host.over(run_id)
    assert over.state is RunState.INTERRUPTED
    assert over.metadata.failure is not None
    assert over.metadata.failure.category is Category.INTERRUPTED
    assert over.of(agent.job) == message
    # It comes back after all, over a new link, and is told to stop what nobody waits for.
    await host.until(lambda: host.central.machines()[0].connected_at is None)
    agent.revive()
    await host.until(lambda: agent.job.cancel is not None)
    await agent.finished()


async def test_lines_that_come_after_the_end_are_not_in_the_log_without_the_summary(
    host: Host, clock: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = FakeAgent(open_gate=anyio.Event(), clock=clock.monotonic_ns)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    await host.vanish(agent)
    save = LiveRun.save

    async def save_while_lines_come(run: LiveRun, **changes: object) -> None:
        if changes.get("state") is RunState.INTERRUPTED:
            agent.open_gate.set()
            await agent.finished()
            (job,) = run.jobs.values()
            first = run.log.next_seq(job.job_id, "work")
            late = agent.job.lines["work"][first:]
            frame = Frame(job=job.job_id, stream="work", first_seq=first, count=len(late))
            with pytest.raises(Gap):
                await run.take(job, frame, b"".join(late), lambda: None)
        await save(run, **changes)

    monkeypatch.setattr(LiveRun, "save", save_while_lines_come)
    clock.forward(31)
    over = await host.over(run_id)
    fold = Fold(over.metadata)
    fold.feed(b"".join(over.lines))
    assert over.summary == fold.summary()
    assert isinstance(over.events[-1], RunLifecycle)


async def test_central_blames_nobody_for_the_time_in_which_it_was_stopped_itself(
    host: Host, clock: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = FakeAgent(open_gate=anyio.Event(), clock=clock.monotonic_ns)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    true = anyio.current_time
    monkeypatch.setattr(coordinator, "current_time", lambda: true() + clock.ahead_ns / 1e9)
    clock.forward(40)
    await host.until(
        lambda: host.central.live(run_id) is None or host.state(agent) is MachineState.BUSY
    )
    agent.open_gate.set()
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]


async def test_the_others_go_on_without_the_lost_one(host: Host, clock: Moved) -> None:
    lost, steady = (
        FakeAgent("lost", open_gate=anyio.Event(), clock=clock.monotonic_ns),
        FakeAgent("steady", clock=clock.monotonic_ns),
    )
    await host.link(lost, steady)
    spec = RunSpec(kind="work", params={"n": 10}, rounds=4, warmup=0, sync=Sync.EVERY_HEAT)
    run_id = await host.central.submit(spec)
    await host.until(lambda: steady.jobs and steady.job.heat == 1)
    await host.vanish(lost)
    clock.forward(29)
    await host.until(lambda: host.state(steady) is MachineState.BUSY)
    clock.forward(2)
    over = await host.over(run_id)
    assert over.state is RunState.INTERRUPTED
    counted = {lane.machine_id: lane.counted for lane in over.summary.lanes}
    assert counted == {"lost": 0, "steady": 4}


async def test_a_run_waits_for_its_machines_and_not_for_ever(host: Host, clock: Moved) -> None:
    agent = FakeAgent(open_gate=anyio.Event(), clock=clock.monotonic_ns)
    await host.link(agent)
    first = await host.central.submit(SPEC)
    second = await host.central.submit(SPEC)
    await host.until(lambda: host.live(first).progress.begun)
    await host.vanish(agent)
    clock.forward(31)
    await host.over(first)
    await host.until(lambda: host.central.queue_position(second) is None)
    # By then it waits for its machine: its deadline is set.
    await anyio.wait_all_tasks_blocked()
    clock.forward(61)
    over = await host.over(second)
    assert over.state is RunState.FAILED
    assert over.metadata.failure is not None
    assert over.metadata.failure.category is Category.UNREACHABLE


async def test_another_host_takes_a_name_over_once_its_holder_is_lost(
    host: Host, clock: Moved
) -> None:
    first = FakeAgent("twin", clock=clock.monotonic_ns)
    await host.link(first)
    await host.vanish(first)
    second = FakeAgent("twin", instance="other", host_id="another host", clock=clock.monotonic_ns)
    host.start(second)
    await host.until(lambda: second.refused)
    clock.forward(31)
    await host.until(lambda: second.links)
    assert host.is_ready(second)


async def test_a_wall_clock_that_jumps_is_told_and_changes_nothing(
    host: Host, clock: Moved
) -> None:
    agent = FakeAgent(open_gate=anyio.Event(), clock=clock.monotonic_ns)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    clock.wall_ahead_s = -86_400.0
    agent.open_gate.set()
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    own = [event.t_ns for event in over.events if event.job_id is None]
    assert own == sorted(own)
    steps = [event.payload.step_s for event in over.events if isinstance(event, ClockStep)]
    assert steps == [pytest.approx(-86_400.0, abs=1.0)]
    (remark,) = [remark for remark in over.summary.remarks if remark.code == "clock_stepped"]
    assert "wall clock of central moved by -86400.0 s" in remark.text
    assert "durations are unaffected" in remark.text
