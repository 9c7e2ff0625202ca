"""A disk that refuses writes or syncs: nothing is acknowledged that it lacks, and it heals."""

import errno
from pathlib import Path

import anyio
import pytest

from benchrace.protocol import agent_central as m
from benchrace.run.states import JobPhase
from tests.agent.conftest import StartAgent
from tests.agent.fake_central import FakeCentral, job
from tests.central.scripted import FakeAgent
from tests.faults.central_process import CentralProcess, linked, until
from tests.faults.shim import Shim

FINAL = [phase for phase in JobPhase if phase.final]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", ["write", "short write", "full", "sync"])
async def test_a_disk_of_central_that_fails_delays_a_run_and_loses_nothing(
    tmp_path: Path, shim_library: Path, fault: str
) -> None:
    data = tmp_path / "data"
    shim = Shim(shim_library, tmp_path, data)
    central = CentralProcess(data, shim.env)
    agent = FakeAgent(open_gate=anyio.Event())

    async def is_degraded() -> bool:
        return bool((await central.http.get("/api/status")).json()["central"]["degraded"])

    async with linked(central, agent):
        run_id = await central.submit()
        await until(lambda: bool(agent.jobs) and agent.job.acked.get("work", 0) >= 1)
        epoch, acknowledged = central.epoch(run_id), agent.job.acked["work"]
        match fault:
            case "write":
                shim.fail_writes(errno.EIO)
            case "short write":
                shim.fail_writes(errno.EIO, after=100)
            case "full":
                shim.fail_writes(errno.ENOSPC, after=100)
            case _:
                shim.fail_syncs(errno.EIO)
        agent.open_gate.set()
        await agent.finished()
        await until(is_degraded)
        refused = await central.http.post("/api/runs", json={"kind": "work"})
        assert refused.status_code >= 500
        assert agent.job.acked["work"] == acknowledged
        shim.fail_writes(0)
        shim.fail_syncs(0)
        assert await central.over(run_id) == "done"
        assert central.lines(run_id, agent.job) == agent.job.lines["work"]
        # What a sync has refused is not trusted: viewers are told to begin again.
        assert (central.epoch(run_id) > epoch) is (fault == "sync")


def test_a_job_whose_end_its_disk_refuses_is_over_and_the_agent_lives(
    tmp_path: Path, shim_library: Path, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = Shim(shim_library, tmp_path, tmp_path / "data" / "jobs")
    with FakeCentral() as central:
        with monkeypatch.context() as patch:
            for name, value in shim.env.items():
                patch.setenv(name, value)
            agent = start_agent(central=central.url, token="t").started()
        link = central.link().welcome()
        first = job("emit:3", f"file:{tmp_path / 'go'}", "die")
        link.say(m.StartJob(spec=first))
        link.until_lines(first.job_id, 3)
        shim.fail_writes(errno.EIO)
        (tmp_path / "go").touch()
        # Central is told, although the end is not in the journal that it reads.
        assert link.until_phase(*FINAL).job_id == first.job_id
        assert agent.get(f"/jobs/{first.job_id}")["error"]["category"] == "worker_died"
        shim.fail_writes(0)
        second = job("emit:1", "done")
        link.say(m.StartJob(spec=second))
        assert link.until_phase(*FINAL).job_id == second.job_id
