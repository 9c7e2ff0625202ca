"""Callbacks of a real agent's jobs: what arrives, in which order, through kills on both sides."""

from typing import Any

import pytest

from benchrace.delivery.signature import signed
from tests.agent.conftest import AgentProcess, StartAgent, wait_for
from tests.receiver import Got, Receiver

pytestmark = pytest.mark.slow

SECRET = "a secret of the tests"
CONFIG = {"allowed_hosts": ["127.0.0.1"], "secret": SECRET}


def urls(receiver: Receiver, *names: str) -> dict[str, str]:
    return {name: f"{receiver.url}/{name}" for name in names}


def is_signed(got: Got) -> bool:
    stamp = int(got.headers["webhook-timestamp"])
    expected = signed(SECRET, got.key, stamp, got.body)
    return all(got.headers[name] == value for name, value in expected.items())


def events(agent: AgentProcess, job_id: str) -> list[str]:
    return [entry["event"] for entry in agent.get(f"/jobs/{job_id}")["callbacks"]]


def arrived(agent: AgentProcess, job_id: str) -> Any:
    """Wait until a job's end has arrived."""

    def look() -> Any:
        job = agent.get(f"/jobs/{job_id}")
        waits = any(entry["state"] == "pending" for entry in job["callbacks"])
        ends = any(entry["event"] != "job.status" for entry in job["callbacks"])
        return ends and not waits and job

    return wait_for(look)


def complete(agent: AgentProcess, reports: list[Any]) -> None:
    """Check what was sent of a job with an artifact, from its start to its end."""
    assert reports[0]["state"] == "accepted"
    assert [report["number"] for report in reports] == [*range(1, len(reports)), None]
    done = reports[-1]
    assert (done["event"], done["state"], done["metrics"]["value"]) == ("job.completed", "done", 1)
    (artifact,) = done["artifacts"]
    assert (artifact["name"], artifact["path"]) == ("cat.png", f"artifacts/{artifact['sha256']}")
    tar = agent.http.get(done["archive"]["path"])
    assert tar.headers["content-type"] == "application/x-tar"
    assert tar.content.count(b"the bytes of cat.png") == 1
    assert agent.http.get("/jobs/nothing/archive").status_code == 404


def test_nothing_is_lost_when_receiver_and_agent_die(start_agent: StartAgent) -> None:
    receiver = Receiver([500, 500])
    first = start_agent(callbacks=CONFIG).started()
    callbacks = urls(receiver, "status", "completion")
    one = first.act("phase:running", "done", callbacks=callbacks)
    receiver.wait(2)
    # It dies after two failures. Another job ends meanwhile, and the agent is killed in a third.
    receiver.die()
    wait_for(lambda: not first.get("/health")["busy"])
    two = first.act("phase:running", "artifact:cat.png", "done", callbacks=callbacks)
    first.until(two, "done")
    wait_for(lambda: "job.completed" in events(first, two))
    wait_for(lambda: not first.get("/health")["busy"])
    three = first.act("phase:running", "obey", callbacks=urls(receiver, "failure"))
    first.until(three, "running")
    # It has none while it runs.
    answer = first.http.get(f"/jobs/{three}/archive")
    assert (answer.status_code, answer.json()["job_id"]) == (409, three)
    waiting = first.get("/api/v1/callbacks")["callbacks"]
    assert {entry["state"] for entry in waiting} == {"pending"}
    head = min(waiting, key=lambda entry: entry["id"])
    assert head["attempts"] >= 2
    assert head["reason"]
    first.kill()
    second = start_agent(callbacks=CONFIG).started()
    again = Receiver(on=receiver)
    second.http.post("/api/v1/callbacks/retry", json={})
    jobs = [arrived(second, job_id) for job_id in (one, two, three)]
    keys = [got.key for got in again.got]
    assert set(keys) == {*(entry["idempotency_key"] for entry in waiting), f"{three}-failed"}
    (failed,) = (got.value for got in again.got if got.key == f"{three}-failed")
    assert (failed["event"], failed["error"]["category"]) == ("job.failed", "interrupted")
    assert all(job["archive"] for job in jobs)
    complete(second, [got.value for got in again.got if got.value["job_id"] == two])
    sequences = [int(got.headers["benchrace-sequence"]) for got in again.got]
    assert sequences == sorted(sequences)
    assert all(map(is_signed, again.got))
    # What was tried before is the same request, byte for byte.
    assert [got.key for got in receiver.got] == [keys[0]] * len(receiver.got)
    assert {got.body for got in receiver.got} == {again.got[0].body}
    again.close()
