"""GPUs of a recorded machine, as real agents offer and lock them."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.agent.conftest import AgentProcess, StartAgent, wait_for

pytestmark = pytest.mark.slow

MACHINES = Path(__file__).parents[2] / "telemetry/machines"


@pytest.fixture
def two(
    start_agent: StartAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[AgentProcess, AgentProcess]:
    """Two agents of one host, both of which may measure at the same time."""
    monkeypatch.setenv("RECORDED_MACHINE", str(MACHINES / "server-two-gpus"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    one = start_agent(machine_id="m1").started()
    return one, start_agent(machine_id="m2", data=tmp_path / "other").started()


def job(agent: AgentProcess, gpu: str, *acts: str) -> httpx.Response:
    params = {"acts": acts or ("obey",), "gpu": gpu}
    return agent.http.post("/jobs", json={"kind": "acting", "params": params})


def uuids(agent: AgentProcess) -> list[Any]:
    return [gpu["uuid"] for gpu in agent.get("/capabilities")["hardware"]["gpus"]]


def test_a_gpu_is_measured_by_one_agent_of_a_host_at_a_time(
    two: tuple[AgentProcess, AgentProcess],
) -> None:
    one, other = two
    first = uuids(one)[0]
    job_id = job(one, "0").json()["job_id"]
    refused = job(other, first)
    assert refused.status_code == 409
    message = refused.json()["error"]["message"]
    assert f"is already in use: job {job_id} of the agent m1" in message
    assert first in message
    # The other GPU is free, and so is who names none.
    assert job(other, "1", "done").status_code == 202
    one.http.post(f"/jobs/{job_id}/cancel")
    one.until(job_id, "cancelled")
    wait_for(lambda: job(other, first, "done").status_code == 202)


def test_a_gpu_whose_holders_were_killed_is_free(two: tuple[AgentProcess, AgentProcess]) -> None:
    one, other = two
    job_id = job(one, "0", "phase:running", "deaf").json()["job_id"]
    one.until(job_id, "running")
    worker = one.worker_pid(job_id)
    one.kill()
    # The worker has inherited the lock, and it still measures.
    assert job(other, "0", "done").status_code == 409
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: job(other, "0", "done").status_code == 202)
