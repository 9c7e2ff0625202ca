"""Envelopes sent to a real agent, as the older agent's users send them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.agent.conftest import FAKE, AgentProcess, wait_for
from tests.receiver import Receiver

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    callbacks = {"allowed_hosts": ["127.0.0.1"]}
    data = tmp_path_factory.mktemp("agent") / "data"
    agent = AgentProcess(data, worker=FAKE, callbacks=callbacks)
    yield agent.started()
    agent.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def envelope(job_id: str, *acts: str, **more: Any) -> dict[str, Any]:
    return {
        "jobId": job_id,
        "user": {"id": "1", "username": "somebody"},
        "workflow": {"id": "w", "inline": {"acts": list(acts)}},
        "baseModel": {"bucket": "models", "key": "base.safetensors"},
        "parameters": {"prompt": "x", "steps": 4},
        **more,
    }


def urls(receiver: Receiver) -> dict[str, str]:
    return {name: f"{receiver.url}/{name}" for name in ("status", "completion", "failure")}


def idle(agent: AgentProcess) -> None:
    wait_for(lambda: not agent.get("/healthz")["busy"])


def test_a_job_is_done_and_told_of_in_older_words(agent: AgentProcess, receiver: Receiver) -> None:
    sent = envelope("one", "phase:running", "artifact:cat.png", "done", callbacks=urls(receiver))
    answer = agent.http.post("/jobs", json=sent)
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    assert (accepted["status"], accepted["jobId"]) == ("accepted", "one")
    job = agent.until(accepted["job_id"], "done")
    assert job["reference"] == "one"
    wait_for(lambda: receiver.got and receiver.got[-1].path == "/completion")
    statuses = [got.value for got in receiver.got if got.path == "/status"]
    assert statuses[0]["state"] == "QUEUED"
    assert statuses[-1]["state"] == "SUCCESS"
    assert [status["heartbeat_seq"] for status in statuses] == [*range(1, len(statuses) + 1)]
    done = receiver.got[-1]
    assert done.key == f"{accepted['job_id']}-SUCCESS"
    assert (done.value["job_id"], done.value["state"]) == ("one", "SUCCESS")
    assert done.value["params"] == {"model": "base.safetensors", "steps": 4}
    assert [artifact["filename"] for artifact in done.value["artifacts"]] == ["cat.png"]
    assert done.value["timing"]["duration_ms"] > 0
    # Sent again, it starts nothing: also with its keys in another order.
    idle(agent)
    again = agent.http.post("/jobs", json=dict(reversed(sent.items())))
    assert (again.status_code, again.json()) == (200, {**accepted, "status": "done"})
    other = agent.http.post("/jobs", json={**sent, "user": {"id": "2"}})
    assert other.status_code == 422
    assert other.json()["error"]["fields"][0]["path"] == "jobId"


def test_a_busy_agent_names_the_running_job_and_cancels_it_by_token(
    agent: AgentProcess, receiver: Receiver
) -> None:
    idle(agent)
    assert agent.get("/")["busy"] is False
    sent = envelope(
        "two", "phase:running", "obey", callbacks=urls(receiver), cancelToken="let it be"
    )
    job_id = agent.http.post("/jobs", json=sent).json()["job_id"]
    agent.until(job_id, "running")
    for probe in ("/", "/healthz"):
        answer = agent.get(probe)
        assert (answer["status"], answer["busy"]) == ("ok", True)
        assert answer["activity"] == {"running": 1, "pending": 0}
    busy = agent.http.post("/jobs", json=envelope("three", "done"))
    assert busy.status_code == 409
    assert (busy.json()["job_id"], busy.json()["jobId"]) == (job_id, "two")
    # It has arrived already: its sender is told so although the agent is busy.
    assert agent.http.post("/jobs", json=sent).json()["job_id"] == job_id
    assert agent.http.post("/jobs/cancel", json={"token": "another"}).status_code == 404
    cancel = agent.http.post("/jobs/cancel", json={"token": "let it be"})
    assert (cancel.status_code, cancel.json()["status"]) == (202, "cancelling")
    agent.until(job_id, "cancelled")
    wait_for(lambda: receiver.got and receiver.got[-1].path == "/failure")
    callback = receiver.got[-1]
    assert callback.key == f"{job_id}-CANCELED"
    assert (callback.value["state"], callback.value["reason_code"]) == ("CANCELED", "CANCELED")
    assert callback.value["category"] == "CANCELLED"
    assert agent.http.post("/jobs/cancel", json={"token": "let it be"}).status_code == 404
