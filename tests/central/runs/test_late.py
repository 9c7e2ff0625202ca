"""Lines that come when their run is over: taken into its log, and the run is judged anew."""

from collections.abc import AsyncIterator

import anyio
import msgspec
import pytest

from benchrace.central.runs.job import GIVEN_UP
from benchrace.errors import Category
from benchrace.events import Log, Stream
from benchrace.events.payloads import LogPayload
from benchrace.run.spec import RunSpec
from benchrace.run.states import JobPhase, RunState
from benchrace.stats.fold import Fold
from benchrace.store.run_folder import RunFolder
from tests.central.hosting import Data, Host, Moved, Over
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3, warmup=0)


@pytest.fixture
async def host(data: Data, clock: Moved) -> AsyncIterator[Host]:
    async with data.host() as host:
        yield host


def make(clock: Moved, name: str = "local") -> FakeAgent:
    return FakeAgent(name, open_gate=anyio.Event(), clock=clock.monotonic_ns)


async def lose(host: Host, clock: Moved, *agents: FakeAgent) -> str:
    """Start a run, and lose its machines in the middle of a round for good."""
    run_id = await host.central.submit(SPEC)
    await host.until(
        lambda: host.live(run_id).jobs and len(host.live(run_id).progress.begun) == len(agents)
    )
    for agent in agents:
        await host.vanish(agent)
    clock.forward(31)
    over = await host.over(run_id)
    assert over.state is RunState.INTERRUPTED
    assert over.phases.count("run_end") == 1
    # Their links are of no use any more: who comes back links again.
    names = {agent.machine_id for agent in agents}
    lost = [one for one in host.central.fleet if one.machine_id in names]
    await host.until(lambda: all(machine.session is None for machine in lost))
    return run_id


async def come_back(host: Host, agent: FakeAgent, run_id: str) -> Over:
    """Link again, and give the run once it is over again with all that the agent has."""
    agent.revive()

    def is_whole() -> bool:
        sizes = {name: len(lines) for name, lines in agent.job.lines.items() if lines}
        return agent.job.phase.final and agent.job.acked == sizes

    await host.until(is_whole)
    await host.until(lambda: host.central.live(run_id) is None)
    return await host.over(run_id)


def check(over: Over, *agents: FakeAgent) -> None:
    """Nothing lost, nothing doubled, and the summary is what the log says."""
    for agent in agents:
        assert over.of(agent.job) == agent.job.lines["work"]
    fold = Fold(over.metadata)
    fold.feed(b"".join(over.lines))
    assert over.summary == fold.summary()
    assert over.phases[-1] == "run_end"


async def test_a_job_that_ended_while_its_machine_was_lost_makes_the_run_done(
    host: Host, clock: Moved
) -> None:
    agent = make(clock)
    await host.link(agent)
    run_id = await lose(host, clock, agent)
    first = (await host.over(run_id)).metadata
    agent.open_gate.set()
    await agent.finished()
    over = await come_back(host, agent, run_id)
    check(over, agent)
    assert over.state is RunState.DONE
    assert over.metadata.failure is None
    assert over.metadata.ended_at == first.ended_at
    assert over.phases.count("run_end") == 2
    assert over.summary.lanes[0].counted == 3
    assert over.summary.lanes[0].error is None


async def test_a_job_that_still_runs_is_ended_and_its_run_stays_interrupted(
    host: Host, clock: Moved
) -> None:
    agent = make(clock)
    await host.link(agent)
    run_id = await lose(host, clock, agent)
    over = await come_back(host, agent, run_id)
    check(over, agent)
    assert agent.job.cancel == GIVEN_UP
    assert over.state is RunState.INTERRUPTED
    assert over.metadata.failure is not None
    assert over.metadata.failure.category is Category.INTERRUPTED
    # The machine is free for the next run.
    agent.jobs.clear()
    agent.open_gate.set()
    assert (await host.over(await host.central.submit(SPEC))).state is RunState.DONE


async def test_a_run_that_lost_two_machines_is_whole_when_both_have_come_back(
    host: Host, clock: Moved
) -> None:
    one, other = make(clock, "one"), make(clock, "other")
    await host.link(one, other)
    run_id = await lose(host, clock, one, other)
    for agent in (one, other):
        agent.open_gate.set()
        await agent.finished()
    half = await come_back(host, one, run_id)
    check(half, one)
    assert half.state is RunState.INTERRUPTED
    assert [lane.counted for lane in half.summary.lanes] == [3, 0]
    whole = await come_back(host, other, run_id)
    check(whole, one, other)
    assert whole.state is RunState.DONE
    assert [lane.counted for lane in whole.summary.lanes] == [3, 3]


async def test_a_machine_that_is_back_before_its_run_is_over_brings_all_it_has(
    host: Host, clock: Moved
) -> None:
    lost, steady = make(clock, "lost"), make(clock, "steady")
    await host.link(lost, steady)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: len(host.live(run_id).progress.begun) == 2)
    await host.vanish(lost)
    clock.forward(29)
    await host.until(lambda: host.central.machines()[1].view.state.value == "busy")
    clock.forward(2)
    (job,) = (job for job in host.live(run_id).jobs.values() if job.machine_id == "lost")
    await host.until(lambda: job.failure)
    lost.open_gate.set()
    await lost.finished()
    lost.revive()
    await host.until(lambda: job.job_id in host.live(run_id).progress.ends)
    steady.open_gate.set()
    over = await host.over(run_id)
    check(over, lost, steady)
    assert over.state is RunState.DONE


async def test_the_next_central_opens_a_run_that_was_open_again(data: Data, clock: Moved) -> None:
    agent = make(clock)
    async with anyio.create_task_group() as machine:
        async with data.host() as host:
            agent.url = host.url
            machine.start_soon(agent.run, None)
            await host.until(lambda: host.is_ready(agent))
            run_id = await lose(host, clock, agent)
        folder = RunFolder.open(data.path / "runs", run_id)
        # Killed when the log had all of the job, and before it was judged.
        stored = folder.log_path.read_bytes().count(b'"stream":"work"')
        agent.open_gate.set()
        await agent.finished()
        with folder.log_path.open("ab") as log:
            log.write(b"".join(agent.job.lines["work"][stored:]))
        folder.summary_path.unlink()
        async with data.host() as host:
            over = await host.over(run_id)
            check(over, agent)
            assert over.state is RunState.DONE
        machine.cancel_scope.cancel()


async def test_the_last_lines_of_a_job_come_to_the_next_central(data: Data) -> None:
    """Central is killed when it has the job's end, and not yet what came after it."""
    agent = FakeAgent(open_gate=anyio.Event())
    async with anyio.create_task_group() as machine:
        async with data.host() as host:
            agent.url = host.url
            machine.start_soon(agent.run, None)
            await host.until(lambda: host.is_ready(agent))
            run_id = await host.central.submit(SPEC)
            await host.until(lambda: host.live(run_id).progress.begun)
            # An agent tells of the end of a job behind its last lines.
            agent.job.to = lambda *_: None  # type: ignore[method-assign]
            agent.open_gate.set()
            await host.until(lambda: host.live(run_id).progress.ends)
            agent.away = True
        agent.job.say(
            Log, LogPayload(level="info", message="the last", source="agent"), stream=Stream.AGENT
        )
        agent.job.phase = JobPhase.DONE
        async with data.host() as host:
            agent.url = host.url
            await host.until(lambda: host.central.live(run_id))
            agent.away = False
            over = await host.over(run_id)
        machine.cancel_scope.cancel()
    assert over.state is RunState.DONE
    stored = [line for line in over.of(agent.job) if b'"stream":"agent"' in line]
    assert stored == agent.job.lines["agent"] != []


async def test_a_deleted_run_is_not_opened(host: Host, clock: Moved) -> None:
    agent = make(clock)
    await host.link(agent)
    run_id = await lose(host, clock, agent)
    over = await host.over(run_id)
    # Its end is on disk before central has let go of it.
    await host.until(lambda: host.central.live(run_id) is None)
    over.folder.delete()
    agent.revive()
    await host.until(lambda: agent.settled)
    assert host.central.live(run_id) is None
    assert not (host.central.runs_dir / run_id).exists()


async def test_a_job_that_broke_the_protocol_is_not_heard_again(host: Host, clock: Moved) -> None:
    agent = make(clock)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    assert agent.socket is not None
    first = host.live(run_id).log.next_seq(agent.job.spec.job_id, "work")
    await agent.frame(agent.socket, agent.job.spec.job_id, "work", first, [b"no event\n"])
    over = await host.over(run_id)
    assert over.state is RunState.FAILED
    agent.open_gate.set()
    await agent.cut()
    await host.until(lambda: agent.settled)
    assert host.central.live(run_id) is None


async def test_a_run_whose_end_was_said_before_central_died_is_not_ended_twice(
    data: Data, clock: Moved
) -> None:
    agent = make(clock)
    agent.open_gate.set()
    async with data.host() as host:
        await host.link(agent)
        before = await host.over(await host.central.submit(SPEC))
    before.folder.summary_path.unlink()
    before.folder.save(
        msgspec.structs.replace(before.metadata, state=RunState.RUNNING, ended_at=None)
    )
    async with data.host() as host:
        after = await host.over(before.metadata.run_id)
    assert after.state is RunState.DONE
    assert after.lines == before.lines
    assert after.summary == before.summary
