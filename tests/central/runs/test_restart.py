"""Another central on the same data folder goes on where the first one was killed."""

import anyio
import pytest

from benchrace.errors import Category
from benchrace.protocol.agent_central import PhaseChanged
from benchrace.run.machine import MachineState
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import RunSpec, Sync
from benchrace.run.states import JobPhase, RunState
from benchrace.store.run_folder import RunFolder
from tests.central.hosting import Data, Host
from tests.central.scripted import FakeAgent
from tests.central.scripted_job import FakeJob

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3, warmup=0)


async def stored(data: Data, run_id: str) -> RunMetadata:
    return RunFolder.open(data.path / "runs", run_id).metadata


async def running(host: Host, agent: FakeAgent, spec: RunSpec = SPEC) -> str:
    """Submit a run and wait until its first round has begun."""
    run_id = await host.central.submit(spec)
    await host.until(lambda: host.live(run_id).progress.begun)
    return run_id


async def test_a_running_run_is_finished_by_the_next_central(data: Data) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    async with anyio.create_task_group() as machine:
        async with data.host() as host:
            agent.url = host.url
            machine.start_soon(agent.run, None)
            await host.until(lambda: host.is_ready(agent))
            run_id = await running(host, agent)
        assert (await stored(data, run_id)).state is RunState.RUNNING
        # The job goes on while nobody is there to hear of it.
        agent.open_gate.set()
        await agent.finished()
        async with data.host() as host:
            agent.url = host.url
            over = await host.over(run_id)
            assert over.state is RunState.DONE
            assert over.of(agent.job) == agent.job.lines["work"]
            assert over.phases.count("run_start") == over.phases.count("run_end") == 1
        machine.cancel_scope.cancel()


async def test_a_heat_that_waits_at_the_line_is_started_by_the_next_central(data: Data) -> None:
    arrived = anyio.Event()
    slow, quick = FakeAgent("b"), FakeAgent("a")

    async def late(heat: int) -> None:
        if heat == 1:
            await arrived.wait()

    slow.late = late  # type: ignore[method-assign]
    data.limits = data.patient
    async with anyio.create_task_group() as machines:
        async with data.host() as host:
            for agent in (slow, quick):
                agent.url = host.url
                machines.start_soon(agent.run, None)
                await host.until(lambda agent=agent: host.is_ready(agent))  # type: ignore[misc]
            spec = RunSpec(kind="work", params={"n": 10}, rounds=3, sync=Sync.EVERY_HEAT)
            run_id = await host.central.submit(spec)
            await host.until(lambda: quick.jobs and quick.job.heat == 1)
        async with data.host() as host:
            slow.url = quick.url = host.url
            arrived.set()
            over = await host.over(run_id)
            assert over.state is RunState.DONE
            assert [heat.heat for heat in over.heats] == [0, 1, 2]
        machines.cancel_scope.cancel()


async def test_a_start_that_no_central_heard_of_is_judged_by_the_next(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = FakeAgent()
    frame = agent.frame

    async def lost(*_: object) -> None:
        """Hide from the first central what the job does."""

    def silent(job: FakeJob, phase: JobPhase, heat: int | None = None) -> None:
        job.phase = phase
        if not phase.final:
            agent.phases.append(PhaseChanged(job_id=job.spec.job_id, phase=phase, heat=heat))
        agent.notify()

    agent.frame = lost  # type: ignore[assignment,method-assign]
    monkeypatch.setattr(FakeJob, "to", silent)
    async with anyio.create_task_group() as machine:
        async with data.host() as host:
            agent.url = host.url
            machine.start_soon(agent.run, None)
            await host.until(lambda: host.is_ready(agent))
            run_id = await host.central.submit(SPEC)
            await host.until(lambda: agent.jobs and agent.job.phase.final)
        agent.frame = frame  # type: ignore[method-assign]
        async with data.host() as host:
            agent.url = host.url
            over = await host.over(run_id)
            assert over.state is RunState.DONE
            assert [heat.heat for heat in over.heats] == [0]
        machine.cancel_scope.cancel()


async def test_the_queue_is_kept_in_its_order(data: Data) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    async with data.host() as host:
        await host.link(agent)
        first = await running(host, agent)
        later = [await host.central.submit(SPEC) for _ in range(3)]
    again = FakeAgent(jobs={}, instance="local-2")
    async with data.host() as host:
        assert [host.central.queue_position(run_id) for run_id in later] == [1, 2, 3]
        await host.link(again)
        # The first one's job was lost with its agent's folder: that ends it, and the queue goes on.
        over = await host.over(first)
        assert over.state is RunState.INTERRUPTED
        for run_id in later:
            assert (await host.over(run_id)).state is RunState.DONE
    assert [job.spec.run_id for job in again.jobs.values()] == later


async def test_nothing_is_running_for_ever(data: Data) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    async with data.host() as host:
        await host.link(agent)
        run_id = await running(host, agent)
    data.limits = data.hasty
    async with data.host() as host:
        over = await host.over(run_id)
    assert over.state is RunState.INTERRUPTED
    assert over.metadata.failure is not None
    assert over.metadata.failure.category is Category.INTERRUPTED
    assert over.summary.lanes[0].counted == 0


async def test_a_restarted_agent_that_ends_its_job_interrupts_the_run(host: Host) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    run_id = await running(host, agent)
    agent.job.fail(Category.INTERRUPTED)
    over = await host.over(run_id)
    assert over.state is RunState.INTERRUPTED
    assert over.of(agent.job) == agent.job.lines["work"]


async def test_a_run_that_ended_without_its_summary_gets_it_back(data: Data) -> None:
    async with data.host() as host:
        await host.link(FakeAgent())
        before = await host.over(await host.central.submit(SPEC))
    before.folder.summary_path.unlink()
    async with data.host() as host:
        after = await host.over(before.metadata.run_id)
    assert after.summary == before.summary
    assert after.lines == before.lines


async def test_known_and_excluded_machines_are_kept(data: Data) -> None:
    agent = FakeAgent("away")
    async with data.host() as host:
        await host.link(agent)
        await host.central.exclude("away", True)
    async with data.host() as host:
        (status,) = host.central.machines()
        assert (status.view.machine_id, status.view.label) == ("away", "Away")
        assert status.view.state is MachineState.EXCLUDED
        await host.central.exclude("away", False)
        (status,) = host.central.machines()
        assert status.view.state is MachineState.LOST
        assert status.reason == "has not linked since this central started"


async def test_a_damaged_list_of_machines_is_named(data: Data) -> None:
    path = data.path / "central" / "machines.json"
    path.parent.mkdir()
    path.write_text("{}")
    with pytest.raises(Exception, match=r"machines.json cannot be read"):
        async with data.host():
            pass
