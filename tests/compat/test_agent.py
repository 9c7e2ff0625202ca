"""The older agent's calls, as older clients make them, against real work."""

import json
import time
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from benchrace.compat.agent_jobs import native
from benchrace.testing.limits import HANG_S

pytestmark = pytest.mark.slow

LEGACY = {
    "machine_id",
    "label",
    "tests",
    "llm_models",
    "whisper_models",
    "sdxl_profiles",
    "accelerator_type",
    "accelerator_memory_gb",
    "system_memory_gb",
    "gpu_name",
    "gpu_vram_bytes",
    "gpu_type",
    "cuda_compute",
    "cpu_cores",
    "cpu_physical_cores",
    "total_system_ram_bytes",
    "ollama_reachable",
    "ollama_models",
    "comfyui_gpu_ok",
    "comfyui_cpu_ok",
    "backends",
    "fingerprint",
    "protocol",
}


def until(client: httpx.Client, job_id: str, *states: str) -> Any:
    deadline = time.monotonic() + HANG_S
    while (job := client.get(f"/jobs/{job_id}").json())["state"] not in states:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


def test_capabilities_have_every_older_key(older: httpx.Client) -> None:
    body = older.get("/capabilities").json()
    assert set(body) >= LEGACY
    assert "compute" in body["tests"]
    assert body["ollama_reachable"] in (None, True, False)
    assert body["total_system_ram_bytes"] > 0
    backend = next(backend for backend in body["backends"] if backend["name"] == "compute")
    workload = backend["workloads"][0]
    assert workload["params_schema"]["properties"]["n"]["maximum"] == 10**13
    assert {metric["name"] for metric in workload["metrics"]} >= {"primes_per_sec", "elapsed_ms"}


def test_compute_waits_and_answers_the_result(older: httpx.Client) -> None:
    request = {
        "algorithm": "segmented_sieve",
        "n": 1_000_000,
        "threads": 1,
        "progress_interval_s": 0.05,
        "stream_first_k": 5,
        "repeat_index": 3,
    }
    answer = older.post("/api/compute", json=request)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert {key: body[key] for key in ("ok", "n", "primes_found", "repeat_index")} == {
        "ok": True,
        "n": 1_000_000,
        "primes_found": 78_498,
        "repeat_index": 3,
    }
    assert (body["algorithm"], body["threads_requested"]) == ("segmented_sieve", 1)
    assert body["threads_used"] == 1
    assert body["elapsed_ms"] > 0
    assert body["primes_per_sec"] > 0


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"n": 0}, ["n"]),
        ({"n": -1, "threads": "all"}, ["n", "threads"]),
        ({"n": 10**14}, ["n"]),
        ({"algorithm": "guessing"}, ["algorithm"]),
        ({"colour": "red"}, ["colour"]),
        ({"repeat_index": "x"}, ["repeat_index"]),
        ({"repeat": 0}, ["repeat"]),
    ],
)
def test_bad_fields_are_named_as_they_were_sent(
    older: httpx.Client, body: dict[str, Any], paths: list[str]
) -> None:
    answer = older.post("/api/compute", json=body)
    assert answer.status_code == 422, answer.text
    assert [field["path"] for field in answer.json()["error"]["fields"]] == paths


def test_a_flat_job_is_refused_while_one_runs_and_cancelled_by_token(
    older: httpx.Client,
) -> None:
    body = {"test_type": "compute", "n": 10**12, "threads": 1, "repeat": 1, "stream": True}
    job_id = older.post("/jobs", json=body).json()["job_id"]
    until(older, job_id, "running")
    for path in ("/jobs", "/api/compute"):
        refused = older.post(path, json={**body, "n": 10})
        assert (refused.status_code, refused.json()["job_id"]) == (409, job_id)
    assert older.post("/jobs/cancel", json={"token": "nothing"}).status_code == 404
    assert older.post("/jobs/cancel", json={"token": job_id}).status_code == 202
    until(older, job_id, "cancelled")
    assert older.post("/jobs/cancel", json={"token": job_id}).status_code == 404
    types = [event["type"] for event in older.get(f"/jobs/{job_id}/events").json()["events"]]
    assert types[0] == "job_start"
    assert types[-1] == "job_cancelled"


def test_the_socket_says_every_event_and_the_older_tag(older: httpx.Client) -> None:
    address = str(older.base_url).replace("http://", "ws://").rstrip("/") + "/ws"
    with connect(address, proxy=None) as socket:
        job_id = older.post("/jobs", json={"test_type": "compute", "n": 10_000}).json()["job_id"]
        seen: list[Any] = []
        while not seen or seen[-1]["type"] != "compute_done":
            message = json.loads(socket.recv(HANG_S))
            assert message["job_id"] == job_id
            seen.append(message)
    types = [message["type"] for message in seen if message["type"] != "runtime_sample"]
    assert types[0] == "job_start"
    assert types[-2:] == ["job_done", "compute_done"]
    assert seen[-1]["payload"]["primes_found"] == 1229
    assert {"round_start", "round_done"} <= set(types)


def test_work_that_no_plugin_offers_says_so(older: httpx.Client) -> None:
    for path, body in [
        ("/jobs", {"test_type": "fold_proteins"}),
    ]:
        answer = older.post(path, json=body)
        assert answer.status_code == 422
        assert "offered: compute" in answer.json()["error"]["message"]


def test_reset_is_always_200(older: httpx.Client) -> None:
    answer = older.post("/api/reset")
    assert answer.status_code == 200
    body = answer.json()
    assert body["ok"] in (True, False)
    assert isinstance(body["ollama"]["stopped"], bool)


def test_every_route_is_in_the_document(older: httpx.Client) -> None:
    paths = older.get("/openapi.json").json()["paths"]
    assert {"/jobs", "/jobs/{job_id}/events", "/api/compute", "/api/reset"} <= set(paths)
    assert all(operation.get("summary") for path in paths.values() for operation in path.values())


def test_a_flat_body_is_sorted() -> None:
    options = {"test_type": "compute", "n": 5, "repeat": 2, "stream": True, "threads": None}
    assert native(options) == {"kind": "compute", "repeat": 2, "params": {"n": 5}}
    assert native({"prompt": "x"})["kind"] == "llm_generate"
    callbacks = {"completion": "https://hooks.example/"}
    assert native({"callbacks": callbacks})["callbacks"] == callbacks
