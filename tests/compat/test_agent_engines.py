"""The older agent's calls about engines: reset, syncs, images, and what the capabilities say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from benchrace.compat.resetting import reset_answer
from benchrace.plugin.operations import Reset
from benchrace.protocol.operations import ResetAll
from benchrace.testing.limits import HANG_S
from tests.agent.conftest import AgentProcess, wait_for
from tests.engine_plugin import EngineHome

pytestmark = pytest.mark.slow

RESET = {
    "stopped",
    "start_command",
    "start_stdout_tail",
    "start_stderr_tail",
    "start_log_file",
    "healthy",
    "time_to_ready_ms",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineHome]:
    home = EngineHome(tmp_path_factory.mktemp("engine"))
    (home.home / "models/a_1").write_bytes(b"data")
    (home.home / "running").touch()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in home.environment.items():
            patch.setenv(name, value)
        config = tmp_path_factory.mktemp("config")
        config.joinpath("model_policy.yaml").write_text("required: {llm: ['a:1', 'p:2']}\n")
        patch.setenv("BENCHRACE_CONFIG_DIR", str(config))
        yield home


@pytest.fixture(scope="module")
def agent(engine: EngineHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    process = AgentProcess(tmp_path_factory.mktemp("data")).started()
    yield process
    assert process.stop() == 0
    process.close()


def over(agent: AgentProcess, operation_id: str) -> Any:
    return wait_for(
        lambda: (
            (body := agent.get(f"/api/v1/operations/{operation_id}?wait_s=1"))["state"] != "running"
            and body
        )
    )


def test_the_older_keys_come_from_the_backends(agent: AgentProcess) -> None:
    body = wait_for(
        lambda: (answer := agent.get("/capabilities"))["ollama_reachable"] is True and answer
    )
    assert "a:1" in body["ollama_models"]
    assert "a:1" in body["llm_models"]
    # A flag that is no flag says nothing.
    assert body["comfyui_gpu_ok"] in (None, False)
    backend = next(backend for backend in body["backends"] if backend["name"] == "engine")
    every = ["reset", "start", "stop", "unload", "pull", "sync", "write"]
    assert backend["operations"] == every


def test_reset_is_always_200_and_names_each_engine(agent: AgentProcess) -> None:
    answer = agent.http.post("/api/reset")
    assert answer.status_code == 200
    body = answer.json()
    assert {"ok", "duration_ms", "ollama", "comfyui", "engine", "notes"} <= set(body)
    for name in ("ollama", "comfyui", "engine"):
        assert set(body[name]) >= RESET
    # What nothing is configured for does not make the rest a failure.
    assert body["ok"] is True
    assert body["engine"]["healthy"] is True
    assert body["engine"]["start_command"] == "engine serve"


def test_reset_while_a_job_measures_is_200_too(agent: AgentProcess) -> None:
    request = {"kind": "compute", "backend": "engine", "params": {"n": 5}}
    job_id = agent.http.post("/jobs", json=request).json()["job_id"]
    body = agent.http.post("/api/reset").json()
    assert body["ok"] is False
    assert any("engine: not reset" in note and job_id in note for note in body["notes"])
    agent.http.post("/jobs/cancel", json={"token": job_id})
    agent.until(job_id, "cancelled")
    wait_for(lambda: agent.get("/health")["busy"] is False)


def test_models_are_synced_with_progress_on_the_older_socket(
    agent: AgentProcess, engine: EngineHome
) -> None:
    with connect(agent.url.replace("http", "ws") + "/ws") as socket:
        answer = agent.http.post("/models/sync", json={"models": ["s:1"], "backend": "engine"})
        assert answer.status_code == 202
        sync_id = answer.json()["sync_id"]
        messages: list[Any] = []
        while not messages or not messages[-1]["type"].startswith("operation_"):
            message = json.loads(socket.recv(timeout=HANG_S))
            if message["job_id"] == sync_id:
                messages.append(message)
    assert [message["type"] for message in messages] == [
        "log",
        "progress",
        "progress",
        "operation_done",
    ]
    assert messages[2]["payload"] == {"done": 4.0, "total": 4.0, "unit": "B", "model": "s:1"}
    assert messages[0]["payload"]["message"] == "pulling s:1"
    assert (engine.home / "models/s_1").exists()


def test_without_names_the_machine_s_policy_says_what(
    agent: AgentProcess, engine: EngineHome
) -> None:
    wait_for(lambda: "a:1" in agent.get("/capabilities")["llm_models"])
    answer = agent.http.post("/models/sync", json={"backend": "engine"})
    status = over(agent, answer.json()["sync_id"])
    assert (status["models"], status["state"]) == (["p:2"], "done")
    wait_for(lambda: "p:2" in agent.get("/capabilities")["llm_models"])
    again = agent.http.post("/models/sync", json={"backend": "engine"})
    assert (again.status_code, again.json()) == (200, {"sync_id": None})


def test_checkpoints_are_synced(agent: AgentProcess, engine: EngineHome) -> None:
    answer = agent.http.post("/api/comfy/sync_checkpoints", json={"backend": "engine"})
    assert answer.status_code == 202
    assert over(agent, answer.json()["sync_id"])["state"] == "done"
    assert (engine.home / "synced").exists()


def test_a_failed_pull_says_so_on_the_socket(agent: AgentProcess) -> None:
    with connect(agent.url.replace("http", "ws") + "/ws") as socket:
        request = {"models": ["nowhere"], "backend": "engine"}
        sync_id = agent.http.post("/models/sync", json=request).json()["sync_id"]
        while (messages := json.loads(socket.recv(timeout=HANG_S)))["job_id"] != sync_id:
            continue
    assert messages["type"] == "operation_error"
    assert messages["payload"]["error"]["category"] == "missing_model"


def counted_job(agent: AgentProcess, n: int) -> str:
    request = {"kind": "compute", "backend": "engine", "params": {"n": n}}
    answer = agent.http.post("/jobs", json=request)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def test_the_image_of_a_job(agent: AgentProcess) -> None:
    job_id = counted_job(agent, 3)
    agent.until(job_id, "done")
    answer = agent.http.get(f"/api/image/result/{job_id}")
    assert (answer.status_code, answer.content) == (200, b"\x89PNG-made")
    assert answer.headers["content-type"] == "image/png"
    for path in Path(agent.data, "jobs", job_id, "artifacts").iterdir():
        path.unlink()
    gone = agent.http.get(f"/api/image/result/{job_id}")
    assert gone.status_code == 404
    assert "no longer exists" in gone.json()["error"]["message"]


def test_an_image_that_is_missing_says_why(agent: AgentProcess) -> None:
    missing = agent.http.get("/api/image/result/nothing")
    assert missing.status_code == 404
    assert "unknown job" in missing.json()["error"]["message"]
    job_id = counted_job(agent, 5)
    early = agent.http.get(f"/api/image/result/{job_id}")
    assert early.status_code == 404
    assert "has none yet" in early.json()["error"]["message"]
    agent.http.post(f"/jobs/{job_id}/cancel")
    agent.until(job_id, "cancelled")
    late = agent.http.get(f"/api/image/result/{job_id}").json()
    assert "has ended without one" in late["error"]["message"]


def test_the_older_reset_has_every_engine_even_where_none_was() -> None:
    body = reset_answer(ResetAll(ok=False, duration_ms=1.5, notes=("nothing",)))
    nothing = {**dict.fromkeys(RESET), "stopped": False, "notes": ()}
    assert body["ollama"] == body["comfyui"] == nothing
    assert (body["ok"], body["duration_ms"], body["notes"]) == (False, 1.5, ["nothing"])
    # A backend cannot take the answer's own keys for itself.
    odd = reset_answer(ResetAll(ok=True, duration_ms=2, backends={"ok": Reset(stopped=True)}))
    assert odd["ok"] is True
