"""Central's older routes, over HTTP."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec
import psutil
import pytest

from benchrace.compat.central import install
from benchrace.compat.central_jobs import as_given, native
from benchrace.errors import FieldError
from benchrace.store.journal import Journal
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served

SERVICE = "the token of services"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path, extend=install) as central:
        yield central


async def test_an_older_job_is_a_run_with_a_lane_a_machine(site: Served) -> None:
    await site.link(FakeAgent("one"), FakeAgent("two"), FakeAgent("three"))
    job: dict[str, Any] = {"test_type": "work", "n": 10, "num_ctx": None, "stream": True}
    answer = await site.http.post("/api/jobs", json=job | {"machine_ids": ["one", "three"]})
    assert answer.status_code == 202, answer.text
    document = await site.over(answer.json()["run_id"])
    assert [lane["machine_id"] for lane in document["lanes"]] == ["one", "three"]
    assert [len(lane["rounds"]) for lane in document["lanes"]] == [1, 1]
    assert document["lanes"][0]["params"]["n"] == 10
    every = await site.http.post("/api/jobs", json=job | {"repeat": 2})
    document = await site.over(every.json()["run_id"])
    assert [len(lane["rounds"]) for lane in document["lanes"]] == [2, 2, 2]


async def test_bad_fields_are_named_as_they_were_sent(site: Served) -> None:
    await site.link(FakeAgent())
    bad: list[tuple[dict[str, Any], set[str]]] = [
        ({"test_type": "work", "repeat": 0}, {"repeat"}),
        ({"test_type": "none"}, {"test_type"}),
        ({"test_type": 5}, {"test_type"}),
        ({"prompt": "x"}, {"test_type"}),
        ({"test_type": "work", "machine_ids": "local"}, {"machine_ids"}),
        ({"test_type": "work", "machine_ids": ["local", "nobody"]}, {"machine_ids[1]"}),
    ]
    for job, paths in bad:
        answer = await site.http.post("/api/jobs", json=job)
        assert answer.status_code == 422, answer.text
        assert {field["path"] for field in answer.json()["error"]["fields"]} == paths


def test_the_older_form_is_sorted_into_a_specification() -> None:
    options = {"model": "m", "prompt": "p", "max_tokens": 5, "machine_ids": ["a"], "stream": True}
    assert native(options) == {
        "kind": "llm_generate",
        "rounds": 1,
        "warmup": 0,
        "params": {"model": "m", "prompt": "p", "max_tokens": 5},
        "lanes": [{"machine_id": "a"}],
    }
    named = {"params.model": "model", "lanes[2].params.n": "n", "rounds": "repeat", "": ""}
    for path, older in named.items():
        assert as_given(FieldError(path, "x")).path == older


async def test_an_older_agent_registers_and_beats(site: Served) -> None:
    beat = {"status": "idle", "gpu_utilization_pct": 3.5, "uptime_s": 7}
    gone = await site.http.post("/api/v1/agents/box/heartbeat", json=beat)
    assert gone.status_code == 404
    created = await site.http.post("/api/v1/agents/register", json={"machine_id": "box", "more": 1})
    assert created.status_code == 201
    assert created.json() == {"agent_id": "box", "heartbeat_interval_s": 30}
    for status, pause_s in (("idle", 30), ("running", 60), ("error", 30)):
        ack = await site.http.post("/api/v1/agents/box/heartbeat", json=beat | {"status": status})
        assert ack.json() == {
            "ack": True,
            "agent_id": "box",
            "commands": [],
            "settings": {"heartbeat_interval_s": pause_s},
        }
    bad = await site.http.post("/api/v1/agents/box/heartbeat", json={"status": "asleep"})
    assert bad.status_code == 422
    nobody = await site.http.post("/api/v1/agents/register", json={})
    assert nobody.json()["agent_id"].startswith("agent-")
    evil = await site.http.post("/api/v1/agents/register", json={"agent_id": "../x"})
    assert evil.status_code == 422
    (first, second) = (await site.get("/api/v1/agents"))["agents"]
    assert {first["agent_id"], second["agent_id"]} == {"box", nobody.json()["agent_id"]}


async def test_service_control_says_what_runs(site: Served) -> None:
    status = await site.get("/api/service/central/status")
    assert (status["component"], status["running"]) == ("central", True)
    assert status["info"]["url"] == site.url
    agent = await site.get("/api/service/agent/status")
    assert (agent["component"], agent["running"], agent["pid"]) == ("agent", False, None)
    assert (await site.http.get("/api/service/other/status")).status_code == 404
    assert (await site.http.post("/api/service/agent/dance")).status_code == 404
    foreign = {"Origin": "http://evil.example"}
    stop = await site.http.post("/api/service/central/stop", headers=foreign)
    assert stop.status_code == 403


async def test_service_control_from_elsewhere_needs_its_token(
    tmp_path: Path,
) -> None:
    path = "/api/service/central/status"
    right = {"Authorization": f"Bearer {SERVICE}"}
    async with served(tmp_path, extend=install, host="0.0.0.0") as site:
        assert (await site.http.get(path)).status_code == 401
        assert (await site.http.get(path, headers=right)).status_code == 401
    async with served(tmp_path, extend=install, host="0.0.0.0", service_token=SERVICE) as site:
        assert (await site.http.get(path, headers=right)).status_code == 200
        assert (await site.http.post("/api/service/none/stop", headers=right)).status_code == 404
        wrong = {"Authorization": "Bearer wrong"}
        assert (await site.http.get(path, headers=wrong)).status_code == 401
        # It starts and stops services, and does nothing else.
        refused = await site.http.get("/api/runs", headers=right)
        assert refused.status_code == 403
        assert "service token" in refused.json()["error"]["message"]
        assert (await site.http.post("/api/login", json={"token": SERVICE})).status_code == 403


async def test_where_nobody_is_asked_services_still_are(tmp_path: Path) -> None:
    options: dict[str, Any] = {"host": "0.0.0.0", "insecure": True, "service_token": SERVICE}
    async with served(tmp_path, extend=install, **options) as site:
        assert (await site.http.get("/api/runs")).status_code == 200
        assert (await site.http.post("/api/service/agent/start")).status_code == 401
        path = "/api/service/none/stop"
        right = {"Authorization": f"Bearer {SERVICE}"}
        assert (await site.http.post(path, headers=right)).status_code == 404
        result = []
        for number in range(11):
            wrong = {"Authorization": f"Bearer wrong {number}"}
            result.append((await site.http.post(path, headers=wrong)).status_code)
        assert result == [401] * 10 + [429]
        assert (await site.http.post(path, headers=right)).status_code == 429


async def test_the_status_of_services_starts_no_process(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.link(FakeAgent("beside"))
    agents = site.data / "agents"
    agents.mkdir()
    record = {"url": "http://127.0.0.1:1", "pid": 7, "instance": "i", "version": "v"}
    (agents / "beside.json").write_bytes(msgspec.json.encode(record))
    with Journal(agents / "beside.lock"):
        monkeypatch.setattr(subprocess, "Popen", None)
        monkeypatch.setattr(anyio, "run_process", None)
        monkeypatch.setattr(anyio, "open_process", None)
        status = await site.get("/api/service/agent/status", machine_id="beside")
        assert (status["running"], status["pid"], status["machine_id"]) == (True, 7, "beside")
        assert status["info"]["central"] == "linked"
        assert status["info"]["log"].endswith("logs/agent-beside.log")
        async with anyio.create_task_group() as group:
            for _ in range(25):
                group.start_soon(site.get, "/api/service/central/status")
    assert (await site.get("/api/service/agent/status", machine_id="beside"))["running"] is False
    bad = await site.http.get("/api/service/agent/status", params={"machine_id": "../x"})
    assert bad.status_code == 422


@pytest.mark.parametrize(
    "path", ["/api/service/agent/status", "/api/services", "/api/logs/central"]
)
async def test_no_other_site_has_its_visitors_ask(site: Served, path: str) -> None:
    for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        assert (await site.http.get(path, headers=header)).status_code == 403


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_an_agent_is_started_by_name_and_joins_this_very_central(
    site: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BENCHRACE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("BENCHRACE_TOKEN", raising=False)
    site.http.timeout = httpx.Timeout(60)
    named = {"machine_id": "beside"}
    start = await site.http.post("/api/service/agent/start", params=named)
    try:
        assert start.status_code == 200, start.text
        assert (start.json()["running"], start.json()["machine_id"]) == (True, "beside")

        async def linked() -> bool:
            machines = (await site.get("/api/machines"))["machines"]
            return any(machine["machine_id"] == "beside" for machine in machines)

        await site.until(linked, (True,))
        again = await site.http.post("/api/service/agent/start", params=named)
        assert again.json()["pid"] == start.json()["pid"]
        listed = (await site.get("/api/services"))["services"]
        running = {
            (service["component"], service["machine_id"])
            for service in listed
            if service["running"]
        }
        assert running == {("central", None), ("agent", "beside")}
        assert "BENCHRACE_TOKEN" not in psutil.Process(start.json()["pid"]).environ()
    finally:
        stop = await site.http.post("/api/service/agent/stop", params=named)
    assert stop.json()["running"] is False
    bad = await site.http.post("/api/service/agent/start", params={"machine_id": "../x"})
    assert bad.status_code == 422
