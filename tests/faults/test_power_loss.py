"""A power loss takes what was not synced: nothing acknowledged is gone, and every run ends."""

from pathlib import Path

import anyio
import pytest

from benchrace.errors import Category
from benchrace.events import JobError, RuntimeSample, Stream
from benchrace.events.payloads import JobErrorPayload, RuntimeSamplePayload
from benchrace.protocol import agent_central as m
from benchrace.run.spec import RunSpec
from benchrace.run.states import JobPhase, RunState
from tests.agent.conftest import StartAgent, alive, wait_for
from tests.agent.fake_central import FakeCentral, job
from tests.central.hosting import Host
from tests.central.scripted import FakeAgent
from tests.faults.central_process import CentralProcess, linked, until
from tests.faults.shim import Shim

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3, warmup=0)


@pytest.mark.parametrize("lost", [0, 1, 2])
async def test_a_machine_that_loses_what_it_had_sent_ends_its_run(host: Host, lost: int) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    fake_job = agent.job
    for _ in range(3):
        fake_job.say(RuntimeSample, RuntimeSamplePayload(), stream=Stream.AGENT)
    await host.until(lambda: fake_job.acked.get("agent") == 3)
    sent = list(fake_job.lines["agent"])
    # The machine boots, and its agent finds less than it had sent.
    agent.away = True
    await agent.cut()
    del fake_job.lines["agent"][3 - lost :]
    del fake_job.lines["work"][len(fake_job.lines["work"]) - lost :]
    fake_job.scope.cancel()
    end = JobErrorPayload(category=Category.INTERRUPTED, message="it died", remedy="None.")
    fake_job.say(JobError, end, stream=Stream.AGENT)
    fake_job.to(JobPhase.FAILED)
    agent.instance = "local-2"
    agent.revive()
    over = await host.over(run_id)
    assert over.state is RunState.INTERRUPTED
    assert [line for line in over.of(fake_job) if b"runtime_sample" in line] == sent
    assert host.is_ready(agent)


async def test_an_end_that_was_never_written_ends_its_run_all_the_same(host: Host) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    agent.job.scope.cancel()
    agent.job.to(JobPhase.FAILED)
    over = await host.over(run_id)
    assert over.state is RunState.INTERRUPTED
    assert over.metadata.failure is not None
    assert "does not contain the end" in over.metadata.failure.message
    assert over.of(agent.job) == agent.job.lines["work"]


@pytest.mark.slow
def test_an_agent_that_lost_lines_still_reports_the_end(
    tmp_path: Path, start_agent: StartAgent
) -> None:
    with FakeCentral() as central:
        agent = start_agent(central=central.url, token="t").started()
        spec = job("emit:5", "obey")
        link = central.link().welcome()
        link.say(m.StartJob(spec=spec))
        link.until_lines(spec.job_id, 5)
        worker = agent.worker_pid(spec.job_id)
        agent.kill()
        wait_for(lambda: not alive(worker))
        journal = tmp_path / "data" / "jobs" / spec.job_id / "work.ndjson"
        journal.write_bytes(b"".join(journal.read_bytes().splitlines(True)[:2]))
        start_agent(central=central.url, token="t").started()
        # Central has more of both streams than is left: none of it is wanted again.
        link = central.link().welcome({spec.job_id: {"work": 5, "agent": 1}})
        frames = len(central.lines[spec.job_id].frames)
        assert link.until_phase(*JobPhase).phase.final
        assert len(central.lines[spec.job_id].frames) == frames


@pytest.mark.slow
@pytest.mark.parametrize("skipped", [0, 2])
async def test_what_central_acknowledged_outlives_a_power_loss(
    tmp_path: Path, shim_library: Path, skipped: int
) -> None:
    shim = Shim(shim_library, tmp_path, tmp_path / "data")
    central = CentralProcess(tmp_path / "data", shim.env)
    agent = FakeAgent(open_gate=anyio.Event())
    async with linked(central, agent):
        run_id = await central.submit()
        await until(lambda: bool(agent.jobs) and agent.job.acked.get("work", 0) >= 1)
        # The power fails in the middle of a later sync.
        shim.kill_in_sync(skipped)
        agent.open_gate.set()
        await central.ended()
        shim.kill_in_sync(-1)
        acknowledged = dict(agent.job.acked)
        shim.lose_power()
        for stream, count in acknowledged.items():
            assert len(central.lines(run_id, agent.job, stream)) >= count
        await central.start()
        assert await central.over(run_id) == "done"
        assert central.lines(run_id, agent.job) == agent.job.lines["work"]
