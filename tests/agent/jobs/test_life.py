"""A job's life on one machine: accepted, run, cancelled, killed; one last event each time."""

import os
import signal
import time

import pytest

from tests.agent.conftest import AgentProcess, alive, wait_for

pytestmark = pytest.mark.slow

FINAL = {"job_done", "job_error", "job_timeout", "job_cancelled"}


@pytest.fixture
def agent(shared_agent: AgentProcess) -> AgentProcess:
    return shared_agent


def last(agent: AgentProcess, job_id: str) -> dict:  # type: ignore[type-arg]
    """Return the only terminal event, checked to be the last one."""
    events = agent.events(job_id)
    assert [event["type"] in FINAL for event in events].count(True) == 1
    assert events[-1]["type"] in FINAL
    return dict(events[-1])


def test_a_job_runs_to_its_end(agent: AgentProcess) -> None:
    job_id = agent.act("phase:opening", "phase:running", "emit:3", "done")
    job = agent.until(job_id, "done")
    assert job["metrics"] == {"value": 1.0, "lines": 3}
    assert [event["seq"] for event in agent.events(job_id)] == [0, 1, 2, 3]
    assert [event["type"] for event in agent.events(job_id, since=2)] == ["log", "job_done"]
    assert agent.get("/health")["busy"] is False
    assert agent.get("/jobs")["jobs"][-1]["job_id"] == job_id


def test_one_job_at_a_time(agent: AgentProcess) -> None:
    job_id = agent.act("phase:running", "obey")
    refused = agent.http.post("/jobs", json={"kind": "acting", "params": {"acts": []}})
    assert refused.status_code == 409
    assert refused.json()["job_id"] == job_id
    assert refused.json()["error"]["category"] == "busy"
    assert agent.get("/health")["busy"] is True
    agent.http.post(f"/jobs/{job_id}/cancel")
    agent.until(job_id, "cancelled")
    agent.until(agent.act("done"), "done")


@pytest.mark.parametrize("phase", ["opening", "ready", "running"])
def test_cancel_in_each_phase(agent: AgentProcess, phase: str) -> None:
    job_id = agent.act(f"phase:{phase}", "obey")
    agent.until(job_id, phase)
    assert agent.http.post(f"/jobs/{job_id}/cancel", json={"reason": "enough"}).status_code == 202
    assert agent.until(job_id, "cancelled")["reason"] == "enough"
    event = last(agent, job_id)
    assert (event["type"], event["stream"]) == ("job_cancelled", "work")


def test_cancel_while_the_worker_starts(agent: AgentProcess) -> None:
    job_id = agent.act("obey")
    agent.http.post(f"/jobs/{job_id}/cancel", json={"reason": "at once"})
    assert agent.until(job_id, "cancelled")["reason"] == "at once"
    assert last(agent, job_id)["payload"] == {"reason": "at once"}


def test_a_deaf_worker_is_killed_with_its_children(agent: AgentProcess) -> None:
    job_id = agent.act("emit:1", "child", "phase:running", "deaf")
    agent.until(job_id, "running")
    pid = agent.worker_pid(job_id)
    child = int((agent.data / "jobs" / job_id / "child").read_text())
    started = time.monotonic()
    agent.http.post(f"/jobs/{job_id}/cancel", json={"reason": "now"})
    agent.until(job_id, "cancelled")
    # It is asked first, and killed long before it would end by itself.
    assert time.monotonic() - started > 3
    assert not alive(pid)
    wait_for(lambda: not alive(child))
    event = last(agent, job_id)
    assert (event["type"], event["stream"], event["seq"]) == ("job_cancelled", "agent", 0)
    assert event["payload"]["reason"] == "now"


def test_a_killed_worker_ends_its_job_alone(agent: AgentProcess) -> None:
    job_id = agent.act("emit:5", "torn", "say:out of luck", "die")
    agent.until(job_id, "failed")
    event = last(agent, job_id)
    assert event["stream"] == "agent"
    assert event["payload"]["category"] == "worker_died"
    assert "SIGKILL" in event["payload"]["message"]
    assert "out of luck" in event["payload"]["detail"]
    assert len(agent.events(job_id)) == 6
    assert (agent.data / "jobs" / job_id / "work.ndjson.torn").exists()
    log = agent.data / "jobs" / job_id / "worker.log"
    assert log.read_text().startswith(
        "out of luck\nbenchrace agent: the worker was killed by SIGKILL"
    )
    assert f"See {log} on m1" in event["payload"]["remedy"]
    agent.until(agent.act("done"), "done")


@pytest.mark.parametrize(
    ("act", "category"),
    [("unwritten", "disk_full"), ("exit:28", "worker_died"), ("exit:74", "worker_died")],
)
def test_a_worker_that_leaves_without_an_end(agent: AgentProcess, act: str, category: str) -> None:
    job_id = agent.act("emit:1", act)
    assert agent.until(job_id, "failed")["error"]["category"] == category
    assert last(agent, job_id)["payload"]["category"] == category


def test_a_worker_that_talks_nonsense_is_ended(agent: AgentProcess) -> None:
    job_id = agent.act("emit:1", "garbage")
    agent.until(job_id, "failed")
    assert last(agent, job_id)["payload"]["category"] == "worker_died"


def test_a_worker_killed_from_outside(agent: AgentProcess) -> None:
    job_id = agent.act("phase:running", "emit:2", "obey")
    agent.until(job_id, "running")
    os.kill(agent.worker_pid(job_id), signal.SIGKILL)
    agent.until(job_id, "failed")
    assert last(agent, job_id)["payload"]["category"] == "worker_died"


def test_auto_is_settled_before_the_job(agent: AgentProcess) -> None:
    request = {"kind": "acting", "params": {"acts": ["done"], "size": "auto"}}
    job_id = agent.http.post("/jobs", json=request).json()["job_id"]
    agent.until(job_id, "done")
    stored = (agent.data / "jobs" / job_id / "job.json").read_text()
    assert '"size":7' in stored


def test_bad_requests_name_their_field(agent: AgentProcess) -> None:
    for request, path in [
        ({"kind": "dancing"}, "kind"),
        ({"kind": "acting", "backend": "other"}, "backend"),
        ({"kind": "acting", "repeat": 0}, "repeat"),
        ({"kind": "acting", "what": 1}, "what"),
        ({"params": {}}, "test_type"),
    ]:
        answer = agent.http.post("/jobs", json=request)
        assert answer.status_code == 422, request
        assert [field["path"] for field in answer.json()["error"]["fields"]] == [path]
    assert agent.http.post("/jobs", content=b"{", headers=JSON).status_code == 400
    assert agent.http.post("/jobs", content=b"[" * 90_000, headers=JSON).status_code == 400
    large = agent.http.post("/jobs", content=b"x" * 2_000_000, headers=JSON)
    # What was not read would be taken for the next request: nothing may follow on this connection.
    assert (large.status_code, large.headers["connection"]) == (413, "close")
    assert agent.http.get("/jobs/j0000000000000000").status_code == 404
    assert agent.http.get("/jobs/..%2f..%2fetc").status_code == 404
    assert agent.http.post("/jobs/nothing/cancel").status_code == 404


JSON = {"content-type": "application/json"}
