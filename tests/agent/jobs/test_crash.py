"""After a kill of worker, agent or both: what was served is still served, with one end."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import AgentProcess, StartAgent, alive, wait_for

pytestmark = pytest.mark.slow

FINAL = {"job_done", "job_error", "job_timeout", "job_cancelled"}


def served(agent: AgentProcess, job_id: str, count: int) -> list[Any]:
    """Wait until `count` events are served, and give them."""
    return list(wait_for(lambda: (e := agent.events(job_id)) and len(e) >= count and e))


def test_a_killed_agent_takes_its_worker_along(start_agent: StartAgent) -> None:
    first = start_agent().started()
    job_id = first.act("phase:running", "emit:10", "obey")
    before = served(first, job_id, 10)
    pid = first.worker_pid(job_id)
    first.kill()
    second = start_agent().started()
    assert not alive(pid)
    after = second.events(job_id)
    assert after[: len(before)] == before
    assert after[-1]["type"] == "job_error"
    assert after[-1]["stream"] == "agent"
    assert after[-1]["payload"]["category"] == "interrupted"
    assert [event["type"] in FINAL for event in after].count(True) == 1
    assert second.get(f"/jobs/{job_id}")["state"] == "failed"
    assert second.get("/health")["busy"] is False
    second.until(second.act("done"), "done")


def test_a_worker_that_outlives_its_agent_is_killed(start_agent: StartAgent) -> None:
    first = start_agent().started()
    job_id = first.act("emit:2", "phase:running", "deaf")
    first.until(job_id, "running")
    pid = first.worker_pid(job_id)
    first.kill()
    assert alive(pid)
    second = start_agent().started()
    assert not alive(pid)
    assert second.events(job_id)[-1]["payload"]["category"] == "interrupted"


def test_agent_and_worker_killed_together(start_agent: StartAgent) -> None:
    first = start_agent().started()
    job_id = first.act("phase:running", "emit:4", "torn", "deaf")
    before = served(first, job_id, 4)
    pid = first.worker_pid(job_id)
    os.kill(first.process.pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    first.kill()
    second = start_agent().started()
    after = second.events(job_id)
    assert after[:-1] == before
    assert after[-1]["type"] == "job_error"
    # Once more: nothing is added to a job that has ended.
    second.kill()
    assert start_agent().started().events(job_id) == after


def test_the_workers_own_end_wins(start_agent: StartAgent, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    first = start_agent().started()
    job_id = first.act("phase:running", f"file:{gate}", "done")
    first.until(job_id, "running")
    first.kill()
    gate.touch()
    second = start_agent().started()
    assert second.events(job_id)[-1]["type"] == "job_done"
    assert not (second.data / "jobs" / job_id / "agent.ndjson").read_bytes()
    assert second.get(f"/jobs/{job_id}")["state"] == "done"


def test_another_process_of_the_same_number_is_left_alone(start_agent: StartAgent) -> None:
    first = start_agent().started()
    job_id = first.act("emit:1", "phase:running", "obey")
    first.until(job_id, "running")
    os.kill(first.process.pid, signal.SIGSTOP)
    os.kill(first.worker_pid(job_id), signal.SIGKILL)
    first.kill()
    mark = first.data / "jobs" / job_id / "worker.json"
    mark.write_text(f'{{"pid":{os.getpid()},"started":1.0}}')
    second = start_agent().started()
    assert second.get(f"/jobs/{job_id}")["state"] == "failed"


def test_half_made_folders_harm_nothing(start_agent: StartAgent) -> None:
    first = start_agent().started()
    job_id = first.act("done")
    first.until(job_id, "done")
    first.kill()
    jobs = first.data / "jobs"
    (jobs / "j00000000000000ff").mkdir()
    (jobs / "notes").mkdir()
    (jobs / "j00000000000000fe").mkdir()
    (jobs / "j00000000000000fe/job.json").write_text("{")
    second = start_agent().started()
    assert [job["job_id"] for job in second.get("/jobs")["jobs"]] == [job_id]


def test_agents_of_one_folder_leave_each_others_jobs(start_agent: StartAgent) -> None:
    one = start_agent(machine_id="m1").started()
    job_id = one.act("phase:running", "obey")
    one.until(job_id, "running")
    two = start_agent(machine_id="m2").started()
    assert two.get("/jobs")["jobs"] == []
    assert one.get(f"/jobs/{job_id}")["state"] == "running"


def test_a_stopped_agent_ends_its_job(start_agent: StartAgent) -> None:
    first = start_agent().started()
    job_id = first.act("phase:running", "emit:1", "deaf")
    first.until(job_id, "running")
    assert first.stop() == 0
    second = start_agent().started()
    end = second.events(job_id)[-1]
    assert (end["type"], end["payload"]["category"]) == ("job_error", "interrupted")
    assert "stopped" in end["payload"]["message"]


def test_old_jobs_go_and_recent_ones_stay(start_agent: StartAgent) -> None:
    agent = start_agent(defaults={"sampling_s": 0, "keep_jobs": 2}).started()
    ids = []
    for _ in range(4):
        ids.append(agent.act("done"))
        agent.until(ids[-1], "done")
        wait_for(lambda: not agent.get("/health")["busy"])
    wait_for(lambda: [job["job_id"] for job in agent.get("/jobs")["jobs"]] == ids[2:])
    # A job leaves the list before its folder goes.
    wait_for(lambda: {path.name for path in (agent.data / "jobs").iterdir()} == set(ids[2:]))
    assert agent.http.get(f"/jobs/{ids[0]}").status_code == 404


def test_folders_half_removed_are_gone_with_the_next_start(start_agent: StartAgent) -> None:
    first = start_agent().started()
    job_id = first.act("done")
    first.until(job_id, "done")
    first.kill()
    jobs = first.data / "jobs"
    (jobs / job_id).rename(jobs / f".deleted-{job_id}")
    (jobs / ".deleted-notes").mkdir()
    assert start_agent().started().get("/jobs")["jobs"] == []
    assert [path.name for path in jobs.iterdir()] == [".deleted-notes"]


@pytest.mark.parametrize("share", [False, True])
def test_one_job_for_each_host(start_agent: StartAgent, share: bool) -> None:
    one = start_agent(machine_id="m1", share_host=share).started()
    two = start_agent(machine_id="m2", share_host=share).started()
    job_id = one.act("phase:running", "obey")
    one.until(job_id, "running")
    answer = two.http.post("/jobs", json={"kind": "acting", "params": {"acts": ["done"]}})
    if share:
        assert answer.status_code == 202
    else:
        assert answer.status_code == 409
        assert f"job {job_id} of the agent m1" in answer.json()["error"]["message"]
        one.http.post(f"/jobs/{job_id}/cancel")
        one.until(job_id, "cancelled")
        two.until(two.act("done"), "done")
