"""Every row of the outside contracts, asked of a running agent and a running central."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from benchrace.testing.limits import HANG_S
from tests import local_http
from tests.engine_plugin import EngineHome
from tests.flow.conftest import Shell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

FEW = {"n": 100_000, "threads": 1}
HEALTH = "ok machine_id label busy version"
CAPABILITIES = (
    "machine_id label tests llm_models whisper_models sdxl_profiles accelerator_type "
    "accelerator_memory_gb system_memory_gb gpu_name gpu_vram_bytes gpu_type cuda_compute "
    "cpu_cores cpu_physical_cores total_system_ram_bytes ollama_reachable ollama_models "
    "comfyui_gpu_ok comfyui_cpu_ok backends fingerprint protocol"
)
COMPUTED = (
    "ok algorithm n threads_requested threads_used primes_found elapsed_ms primes_per_sec "
    "repeat_index"
)
RESET = "ok duration_ms ollama comfyui engine notes"
STATUS = "operation_id machine_id backend operation models state results failure events next"
RUN = "run_id state kind lanes summary offset"
LLM = {"test_type": "llm_generate", "model": "none", "prompt": "hi", "max_tokens": 4}

Row = tuple[str, str, Any, int, str]

AGENT: list[Row] = [
    ("GET", "/health", None, 200, HEALTH),
    ("GET", "/capabilities", None, 200, CAPABILITIES),
    ("POST", "/jobs", {"test_type": "compute", **FEW}, 202, "job_id"),
    ("POST", "/jobs", {"test_type": "compute", "n": 0}, 422, "error"),
    ("GET", "/jobs/{job}", None, 200, "job_id state metrics"),
    ("GET", "/jobs/{job}/events?since=1", None, 200, "events"),
    ("GET", "/api/logs/{job}", None, 200, ""),
    ("POST", "/jobs/{job}/cancel", {}, 200, "job_id state"),
    ("POST", "/jobs/cancel", {"token": "nothing"}, 404, "error"),
    ("POST", "/api/compute", {"algorithm": "segmented_sieve", **FEW}, 200, COMPUTED),
    ("POST", "/api/image/txt2img", {"prompt": "a cat", "width": "wide"}, 422, "error"),
    ("GET", "/api/image/result/{image}", None, 200, ""),
    ("GET", "/api/image/result/{job}", None, 404, "error"),
    ("POST", "/api/reset", None, 200, RESET),
    ("POST", "/models/sync", {"models": ["x:1"], "backend": "engine"}, 202, "sync_id"),
    ("POST", "/api/comfy/sync_checkpoints", {"backend": "engine"}, 202, "sync_id"),
    ("GET", "/api/agent/runtime_metrics", None, 200, "machine_id samples"),
    ("GET", "/api/status", None, 200, "name running storage"),
    ("GET", "/metrics", None, 200, ""),
    ("GET", "/openapi.json", None, 200, "paths"),
    ("POST", "/api/v1/backends/engine/unload", {}, 202, STATUS),
    ("GET", "/api/v1/operations", None, 200, "operations"),
]

SPEC = {"kind": "compute", "params": FEW, "lanes": [{"backend": "compute"}], "rounds": 2}
BEAT = {"status": "idle", "gpu_utilization_pct": 1.5, "uptime_s": 3}
CENTRAL: list[Row] = [
    *(("GET", page, None, 200, "") for page in ("/", "/compute", "/image", "/whisper")),
    ("GET", "/runs", None, 200, ""),
    *(("GET", page, None, 200, "") for page in ("/inference", "/fleet", "/admin")),
    ("POST", "/api/runs", {**SPEC, "params": {"n": 0}}, 422, "error"),
    ("POST", "/api/jobs", {"test_type": "compute", **FEW, "backend": "compute"}, 202, "run_id"),
    ("GET", "/api/machines", None, 200, "machines policy_problem"),
    ("PATCH", "/api/machines/local", {"excluded": False}, 200, "machine_id excluded missing"),
    ("GET", "/api/capabilities", None, 200, "machines"),
    ("GET", "/api/status?model=x&num_ctx=512", None, 200, "central machines"),
    ("GET", "/api/runs?limit=2", None, 200, "runs"),
    ("GET", "/api/runs/{run}", None, 200, RUN),
    ("PATCH", "/api/runs/{run}", {"name": "n", "tags": ["t"], "notes": "o"}, 200, "run_id name"),
    ("GET", "/api/runs/{run}/events?after=0", None, 200, ""),
    ("POST", "/api/runs/{run}/cancel", {}, 202, "run_id state"),
    ("GET", "/api/runs/{run}/export.csv", None, 200, ""),
    ("GET", "/api/runs/{run}/export.json", None, 200, "run_id"),
    ("POST", "/api/runs/{run}/download", {}, 200, ""),
    ("DELETE", "/api/runs/{run}", None, 200, "deleted"),
    ("GET", "/api/runs/{run}", None, 404, "error"),
    ("POST", "/api/agents/local/reset", None, 200, RESET),
    ("POST", "/api/agents/nobody/reset", None, 404, "error"),
    ("POST", "/api/machines/local/backends/engine/unload", {"model": "m"}, 202, STATUS),
    ("POST", "/api/machines/local/backends/engine/dance", None, 404, "error"),
    ("POST", "/api/prompts", {"about": "tides"}, 200, "prompt source reason"),
    ("GET", "/api/service/agent/status", None, 200, "component running pid info"),
    ("GET", "/api/service/central/status", None, 200, "component running pid info"),
    ("POST", "/api/service/central/start", None, 200, "component running pid info"),
    ("GET", "/api/settings/model_policy", None, 200, "required optional path"),
    ("POST", "/api/settings/model_policy", {"required": {"llm": ["q"]}}, 200, "required backup"),
    ("POST", "/api/settings/model_policy", {"required": {"llm": "q"}}, 422, "error"),
    ("POST", "/api/v1/agents/register", {"agent_id": "old"}, 201, "agent_id heartbeat_interval_s"),
    ("POST", "/api/v1/agents/old/heartbeat", BEAT, 200, "ack agent_id commands settings"),
    ("POST", "/api/v1/agents/new/heartbeat", BEAT, 404, "error"),
    ("GET", "/api/v1/health", None, 200, "ok version"),
    ("GET", "/openapi.json", None, 200, "paths"),
]


class Fleet:
    """A central and an agent, both apart; `names` fill in the rows' paths."""

    def __init__(self, agent: httpx.Client, central: httpx.Client) -> None:
        self.servers = {"agent": agent, "central": central}
        self.names: dict[str, str] = {}

    def ask(self, server: str, row: Row) -> httpx.Response:
        method, path, body, _, _ = row
        filled = path.format(**self.names)
        return self.servers[server].request(method, filled, json=body)

    def settled(self, server: str, row: Row) -> httpx.Response:
        """Ask once the machine is free of what an earlier row has started."""
        until = time.monotonic() + 20
        while self.busy() and time.monotonic() < until:
            time.sleep(0.05)
        return self.ask(server, row)

    def busy(self) -> bool:
        agent, central = self.servers["agent"], self.servers["central"]
        status = central.get("/api/status").json()["central"]
        return bool(agent.get("/health").json()["busy"] or status["running"] or status["queued"])


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    shell = Shell(tmp_path_factory.mktemp("contracts"), token=secrets.token_hex(8))
    engine = EngineHome(shell.root)
    (engine.home / "running").touch()
    shell.env.update(engine.environment)
    try:
        url = shell.serve()
        record = json.loads((shell.data / "agents/local.json").read_bytes())
        with (
            local_http.client(record["url"], timeout=60) as agent,
            local_http.client(url, timeout=60) as central,
        ):
            served = Fleet(agent, central)
            prepare(served)
            yield served
        shell.stop()
    finally:
        for process in shell.processes():
            process.kill()


def prepare(fleet: Fleet) -> None:
    """Make the jobs and the run that rows are about."""
    agent, central = fleet.servers["agent"], fleet.servers["central"]
    names = [
        backend_entry["name"] for backend_entry in agent.get("/capabilities").json()["backends"]
    ]
    assert {"compute", "engine"} <= set(names)
    for name, n in (("job", 5_000), ("image", 3)):
        backend = "compute" if name == "job" else "engine"
        request = {"kind": "compute", "backend": backend, "params": {"n": n}}
        fleet.names[name] = started(agent, "/jobs", request)["job_id"]
        over(agent, f"/jobs/{fleet.names[name]}")
    fleet.names["run"] = started(central, "/api/runs", SPEC)["run_id"]
    over(central, f"/api/runs/{fleet.names['run']}")


def started(client: httpx.Client, path: str, body: Any) -> Any:
    until = time.monotonic() + 30
    while (answer := client.post(path, json=body)).status_code in (409, 422):
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)
    assert answer.status_code == 202, answer.text
    return answer.json()


def over(client: httpx.Client, path: str) -> None:
    until = time.monotonic() + 30
    while (state := client.get(path).json())["state"] not in ("done", "failed", "cancelled"):
        assert time.monotonic() < until, state
        time.sleep(0.05)
    assert state["state"] == "done", state


@pytest.mark.parametrize("row", AGENT, ids=lambda row: f"{row[0]} {row[1]} {row[3]}")
def test_a_row_of_the_agent(fleet: Fleet, row: Row) -> None:
    check(row, fleet.settled("agent", row))


@pytest.mark.parametrize("row", CENTRAL, ids=lambda row: f"{row[0]} {row[1]} {row[3]}")
def test_a_row_of_central(fleet: Fleet, row: Row) -> None:
    check(row, fleet.settled("central", row))


def check(row: Row, answer: httpx.Response) -> None:
    """Compare with the row; an error has a category and a remedy in words."""
    _, _, _, status, keys = row
    assert answer.status_code == status, answer.text[:2000]
    if keys:
        document = answer.json()
        assert set(keys.split()) <= set(document), sorted(document)
        if keys == "error":
            assert document["error"]["category"]
            assert document["error"]["message"]
            assert document["error"]["remedy"]


def test_text_for_an_engine_that_is_not_there_fails_with_a_remedy(fleet: Fleet) -> None:
    """Whichever text engine is installed: nothing serves this model here."""
    answer = fleet.settled("agent", ("POST", "/jobs", LLM, 202, "job_id"))
    if answer.status_code == 422:
        assert answer.json()["error"]["remedy"]
        return
    agent = fleet.servers["agent"]
    path = f"/jobs/{answer.json()['job_id']}"
    until = time.monotonic() + 30
    while (job := agent.get(path).json())["state"] not in ("failed", "done"):
        assert time.monotonic() < until, job
        time.sleep(0.05)
    assert job["state"] == "failed"
    assert job["error"]["category"]
    assert job["error"]["remedy"]


def test_the_socket_has_every_event_as_one_message(fleet: Fleet) -> None:
    agent = fleet.servers["agent"]
    address = str(agent.base_url).replace("http", "ws").rstrip("/") + "/ws"
    with connect(address) as socket:
        request = {"kind": "compute", "backend": "compute", "params": FEW}
        job_id = started(agent, "/jobs", request)["job_id"]
        types: list[str] = []
        while not types or types[-1] != "compute_done":
            message = json.loads(socket.recv(timeout=HANG_S))
            assert {"job_id", "type", "payload"} <= set(message)
            if message["job_id"] == job_id:
                types.append(message["type"])
    assert types[-2] == "job_done"


def test_every_row_is_in_its_server_s_document(fleet: Fleet) -> None:
    for server, rows in (("agent", AGENT), ("central", CENTRAL)):
        paths = fleet.servers[server].get("/openapi.json").json()["paths"]
        documented = [(m.upper(), shape(path)) for path, about in paths.items() for m in about]
        for method, path, _, _, _ in rows:
            plain = path.split("?")[0]
            if plain in PAGES or plain == "/openapi.json":
                continue
            assert any(method == m and fits(plain, template) for m, template in documented), (
                method,
                plain,
            )


PAGES = {"/", "/inference", "/compute", "/image", "/whisper", "/runs", "/fleet", "/admin"}


def shape(path: str) -> list[str]:
    return path.strip("/").split("/")


def fits(path: str, template: list[str]) -> bool:
    """Compare step by step; a step in braces takes anything."""
    steps = shape(path)
    return len(steps) == len(template) and all(
        there.startswith("{") or "{" in there or here == there
        for here, there in zip(steps, template, strict=True)
    )
