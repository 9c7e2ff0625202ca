"""Operations on engines, through a real agent and real workers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.agent.conftest import AgentProcess, alive, wait_for
from tests.engine_plugin import EngineHome

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineHome:
    home = EngineHome(tmp_path)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def agent(engine: EngineHome, tmp_path: Path) -> Iterator[AgentProcess]:
    process = AgentProcess(tmp_path / "data").started()
    # Nothing can be asked of a backend before its plugin is described.
    status_of(process)
    yield process
    if process.process.poll() is None:
        assert process.stop() == 0
    process.close()


def operate(agent: AgentProcess, operation: str, **request: Any) -> httpx.Response:
    return agent.http.post(f"/api/v1/backends/engine/{operation}", json=request)


def started(agent: AgentProcess, operation: str, **request: Any) -> str:
    answer = operate(agent, operation, **request)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["operation_id"])


def over(agent: AgentProcess, operation_id: str) -> Any:
    """Follow one to its end, as the command line does; all its events in one answer."""
    since, events = 0, []
    while True:
        body = agent.get(f"/api/v1/operations/{operation_id}?since={since}&wait_s=5")
        events += body["events"]
        since = body["next"]
        if body["state"] != "running" and not body["events"]:
            return {**body, "events": events}


def status_of(agent: AgentProcess) -> Any:
    def described() -> Any:
        backends = agent.get("/capabilities")["backends"]
        return next((backend for backend in backends if backend["name"] == "engine"), None)

    return wait_for(described)


def test_a_pull_from_its_start_to_the_model_in_the_list(
    agent: AgentProcess, engine: EngineHome
) -> None:
    status = over(agent, started(agent, "pull", model="a:1", models=["b:2", "a:1"]))
    assert (status["state"], status["models"], status["results"]) == (
        "done",
        ["a:1", "b:2"],
        [None, None],
    )
    assert [(event["model"], event["message"], event["done"]) for event in status["events"]] == [
        ("a:1", "pulling a:1", None),
        ("a:1", None, 0.0),
        ("a:1", None, 4.0),
        ("b:2", "pulling b:2", None),
        ("b:2", None, 0.0),
        ("b:2", None, 4.0),
    ]
    assert [event["seq"] for event in status["events"]] == list(range(6))
    assert [model["name"] for model in status_of(agent)["models"]] == ["a:1", "b:2"]


def test_start_and_reset_change_what_is_told(agent: AgentProcess, engine: EngineHome) -> None:
    assert status_of(agent)["reachable"] is not True
    status = over(agent, started(agent, "start"))
    assert status["results"][0]["notes"] == [str(agent.data / "engines")]
    assert status_of(agent)["reachable"] is True


def test_what_cannot_be_done_is_said_in_words(agent: AgentProcess, engine: EngineHome) -> None:
    missing = agent.http.post("/api/v1/backends/nobody/reset")
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == "unknown backend 'nobody'"
    assert agent.http.post("/api/v1/backends/engine/dance").status_code == 404
    other = agent.http.post("/api/v1/backends/compute/reset")
    assert other.status_code == 404
    assert other.json()["error"]["message"] == "backend compute does not offer reset"
    bad = operate(agent, "pull")
    assert (bad.status_code, bad.json()["error"]["fields"][0]["path"]) == (422, "model")
    assert operate(agent, "pull", model="").status_code == 422
    assert operate(agent, "pull", colour="red").status_code == 422
    status = over(agent, started(agent, "stop"))
    assert status["state"] == "failed"
    assert "nothing says how it is stopped" in status["failure"]["message"]
    assert agent.http.get("/api/v1/operations/op-0").status_code == 404


def job(agent: AgentProcess, n: int) -> httpx.Response:
    return agent.http.post(
        "/jobs", json={"kind": "compute", "backend": "engine", "params": {"n": n}}
    )


def test_a_job_that_measures_is_not_disturbed(agent: AgentProcess, engine: EngineHome) -> None:
    job_id = job(agent, 5).json()["job_id"]
    for operation in ("reset", "pull"):
        refused = operate(agent, operation, model="m")
        assert refused.status_code == 409
        assert refused.json()["job_id"] == job_id
    agent.http.post(f"/jobs/{job_id}/cancel")
    agent.until(job_id, "cancelled")
    wait_for(lambda: operate(agent, "reset").status_code == 202)


def test_a_reset_holds_jobs_off_and_is_not_started_twice(
    agent: AgentProcess, engine: EngineHome
) -> None:
    engine.slow()
    running = started(agent, "reset")
    assert started(agent, "reset") == running
    refused = job(agent, 10)
    assert refused.status_code == 409
    assert f"the reset of engine ({running}) is running" in refused.json()["error"]["message"]
    assert refused.json()["job_id"] is None
    assert agent.get("/health")["busy"] is True
    assert operate(agent, "unload").status_code == 409
    engine.go_on()
    assert over(agent, running)["results"][0]["healthy"] is True
    assert agent.get("/health")["busy"] is False


def test_a_pull_gives_way_to_a_job(agent: AgentProcess, engine: EngineHome) -> None:
    engine.slow()
    pull = started(agent, "pull", model="big")
    wait_for(lambda: agent.get(f"/api/v1/operations/{pull}")["events"])
    assert job(agent, 10).status_code == 202
    status = over(agent, pull)
    assert (status["state"], status["failure"]["category"]) == ("failed", "busy")
    assert not (engine.home / "models/big").exists()


def test_a_text_is_written_by_one_at_a_time_and_gives_way_to_a_job(
    agent: AgentProcess, engine: EngineHome
) -> None:
    for lacking in ({"model": "m"}, {"write": {"prompt": "p"}}):
        assert operate(agent, "write", **lacking).status_code == 422
    request = {"model": "m", "write": {"prompt": "why?"}}
    status = over(agent, started(agent, "write", **request))
    assert status["results"] == [{"text": '"m was asked: why?"', "model": "m", "finish": "stop"}]
    engine.slow()
    writing = started(agent, "write", **request)
    wait_for(lambda: agent.get(f"/api/v1/operations/{writing}")["events"])
    second = operate(agent, "write", **request)
    assert second.status_code == 409
    assert "m is already writing a prompt on" in second.json()["error"]["message"]
    assert job(agent, 10).status_code == 202
    status = over(agent, writing)
    assert (status["state"], status["failure"]["category"]) == ("failed", "busy")


def test_a_cancel_kills_what_works_for_it(agent: AgentProcess, engine: EngineHome) -> None:
    engine.slow()
    pull = started(agent, "pull", model="big")
    wait_for(lambda: agent.get(f"/api/v1/operations/{pull}")["events"])
    children = psutil.Process(agent.process.pid).children()
    assert children
    body = agent.http.post(f"/api/v1/operations/{pull}/cancel").json()
    assert (body["state"], body["failure"]["category"]) == ("failed", "cancelled")
    # The one that pulls would wait for ever; one that probes ends by itself.
    wait_for(lambda: not any(alive(child.pid) for child in children))
    listed = agent.get("/api/v1/operations")["operations"]
    assert [(operation["operation_id"], operation["events"]) for operation in listed] == [
        (pull, [])
    ]
