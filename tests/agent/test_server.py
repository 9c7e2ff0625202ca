"""The agent as a server: its port, its lock, its answers under load, and how it stops."""

import contextlib
import json
import multiprocessing
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from benchrace.testing.limits import HANG_S
from tests.agent.conftest import AgentProcess, StartAgent, wait_for
from tests.disk import fill, small_disk

pytestmark = pytest.mark.slow


def failed(agent: AgentProcess) -> str:
    """Return the one line that a failed start prints."""
    out, err = agent.process.communicate(timeout=HANG_S)
    assert out == ""
    assert agent.process.returncode == 1
    lines = [line for line in err.splitlines() if not line.startswith(("INFO", "WARNING"))]
    assert len(lines) == 1, err
    return lines[0]


def test_a_port_in_use_is_one_line(start_agent: StartAgent) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is in use" in failed(start_agent(port=port))


def test_two_agents_of_one_name_are_one_line(start_agent: StartAgent) -> None:
    start_agent().started()
    assert "runs on this data folder already" in failed(start_agent())


def test_a_data_folder_that_cannot_be_is_one_line(start_agent: StartAgent, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in failed(start_agent(data=tmp_path / "file"))


def test_a_public_address_needs_a_token(start_agent: StartAgent) -> None:
    assert "no token" in failed(start_agent(host="0.0.0.0"))


def test_a_token_that_can_be_guessed_is_refused(start_agent: StartAgent) -> None:
    short = failed(start_agent(host="0.0.0.0", token="secret"))
    assert "central_token (or BENCHRACE_TOKEN): the token has 6 characters" in short
    assert "token_urlsafe" in short


def test_guesses_at_a_token_are_limited(start_agent: StartAgent) -> None:
    agent = start_agent(host="0.0.0.0", token="a long secret").started()
    assert agent.http.get("/health").status_code == 200
    assert agent.http.get("/jobs").status_code == 401
    # Probes of health know no token.
    probes = [agent.http.get(path) for path in ("/", "/healthz", "/health")]
    assert [probe.status_code for probe in probes] == [200] * 3
    headers = {"authorization": "Bearer a long secret"}
    assert agent.http.get("/jobs", headers=headers).status_code == 200
    answers = [
        agent.http.get("/capabilities", headers={"authorization": f"Bearer wrong {number}"})
        for number in range(11)
    ]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


def test_foreign_hosts_and_sites_are_refused(shared_agent: AgentProcess) -> None:
    assert shared_agent.http.get("/jobs", headers={"host": "evil.example"}).status_code == 421
    declared = shared_agent.http.get("/jobs", headers={"host": "desk.local"})
    assert declared.status_code == 421
    assert "`allowed_hosts` in agent.yaml" in declared.json()["error"]["remedy"]
    headers = {"origin": "http://evil.example"}
    assert shared_agent.http.post("/jobs", json={}, headers=headers).status_code == 403
    for path in ("/jobs", "/metrics", "/api/agent/runtime_metrics", "/openapi.json"):
        assert shared_agent.http.get(path, headers=headers).status_code == 403
    assert shared_agent.http.get("/health", headers=headers).status_code == 200


def test_a_socket_to_nowhere_is_not_found(shared_agent: AgentProcess) -> None:
    with pytest.raises(InvalidStatus) as raised:
        connect(shared_agent.url.replace("http", "ws") + "/nowhere", proxy=None)
    assert raised.value.response.status_code == 404


def test_a_bad_central_is_one_line(start_agent: StartAgent) -> None:
    assert "central_base_url" in failed(start_agent(central="ftp://x"))


def test_its_record_is_there_while_it_serves(agent: AgentProcess) -> None:
    path = agent.data / "agents/m1.json"
    record = json.loads(path.read_text())
    assert (record["url"], record["pid"]) == (agent.url, agent.process.pid)
    assert path.stat().st_mode & 0o777 == 0o600
    assert agent.stop() == 0
    assert not path.exists()


def burn() -> None:
    until = time.monotonic() + 8
    while time.monotonic() < until:
        sum(range(10_000))


def test_health_answers_while_every_core_is_busy(agent: AgentProcess) -> None:
    burners = [multiprocessing.Process(target=burn) for _ in range(os.cpu_count() or 1)]
    job_id = agent.act("phase:running", "obey", sampling_s=0.1)
    for burner in burners:
        burner.start()
    try:
        times = []
        for _ in range(40):
            started = time.monotonic()
            assert agent.get("/health")["ok"] is True
            times.append(time.monotonic() - started)
        times.sort()
        assert times[len(times) // 2] < 0.1
        assert times[-1] < 1.0
    finally:
        for burner in burners:
            burner.terminate()
            burner.join()
    agent.http.post(f"/jobs/{job_id}/cancel")
    agent.until(job_id, "cancelled")


@pytest.mark.alone
def test_sigterm_with_open_streams_ends_soon(agent: AgentProcess) -> None:
    job_id = agent.act("phase:running", "emit:1", "obey")
    agent.until(job_id, "running")
    address = agent.url.replace("http://", "ws://") + "/ws"
    with (
        connect(address, proxy=None) as old,
        agent.http.stream("GET", f"/api/logs/{job_id}") as log,
    ):
        lines = log.iter_lines()
        assert next(line for line in lines if line.startswith("data:"))
        assert json.loads(old.recv(HANG_S))["type"] == "log"
        started = time.monotonic()
        assert agent.stop() == 0
        assert time.monotonic() - started < 3.5
        with contextlib.suppress(ConnectionClosed):
            while True:
                old.recv(HANG_S)
        assert old.close_code == 1001


@pytest.mark.alone
def test_a_second_sigterm_ends_at_once(agent: AgentProcess) -> None:
    job_id = agent.act("phase:running", "deaf")
    agent.until(job_id, "running")
    agent.process.send_signal(signal.SIGTERM)
    wait_for(lambda: _refuses(agent))
    agent.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    agent.process.wait(HANG_S)
    assert time.monotonic() - started < 1.5


def _refuses(agent: AgentProcess) -> bool:
    try:
        httpx.get(agent.url + "/health", trust_env=False, timeout=1)
    except httpx.HTTPError:
        return True
    return False


def test_the_live_log_replays_and_ends(shared_agent: AgentProcess) -> None:
    job_id = shared_agent.act("emit:2", "phase:running", "obey")
    shared_agent.until(job_id, "running")
    seen: list[str] = []
    with shared_agent.http.stream("GET", f"/api/logs/{job_id}") as log:
        assert log.headers["content-type"].startswith("text/event-stream")
        for line in log.iter_lines():
            seen.append(line)
            if len([one for one in seen if one.startswith('data: {"type"')]) == 2:
                shared_agent.http.post(f"/jobs/{job_id}/cancel")
    types = [json.loads(line[6:]).get("type") for line in seen if line.startswith("data:")]
    assert types == ["log", "log", "job_cancelled", None]
    assert "event: end" in seen
    place = next(line[4:] for line in seen if line.startswith("id:"))
    again = shared_agent.http.get(f"/api/logs/{job_id}", headers={"Last-Event-ID": place}).text
    assert "job_cancelled" in again
    assert "line 0" not in again


def test_samples_are_linked_to_the_job_and_can_be_off(agent: AgentProcess) -> None:
    job_id = agent.act("phase:running", "obey", sampling_s=0.05)
    path = agent.data / "jobs" / job_id / "agent.ndjson"
    wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)
    agent.http.post(f"/jobs/{job_id}/cancel")
    agent.until(job_id, "cancelled")
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    assert [sample["seq"] for sample in samples] == list(range(len(samples)))
    assert {sample["type"] for sample in samples} == {"runtime_sample"}
    assert all(sample["job_id"] == job_id for sample in samples)
    assert all(sample["payload"]["cost_ns"] > 0 for sample in samples)
    window = agent.get("/api/agent/runtime_metrics")["samples"]
    assert {sample["job_id"] for sample in window} >= {job_id}
    quiet = agent.act("pause:0.2", "done", sampling_s=0)
    agent.until(quiet, "done")
    assert not (agent.data / "jobs" / quiet / "agent.ndjson").read_bytes()


def test_metrics_and_status(agent: AgentProcess) -> None:
    text = agent.http.get("/metrics").text
    assert "benchrace_agent_busy 0.0" in text
    assert "benchrace_agent_linked 0.0" in text
    assert "benchrace_agent_unacknowledged_bytes 0.0" in text
    started = re.search(r"^benchrace_agent_workers_started_total (\S+)$", text, re.MULTILINE)
    assert started is not None
    assert float(started[1]) >= 0
    assert "benchrace_host_memory_used_bytes" in text
    status = agent.get("/api/status")
    assert (status["name"], status["running"]) == ("Machine 1", None)
    assert status["storage"]["free_bytes"] > 0


SMALL = 512 * 1024
PAGE = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, f"size={SMALL}") as disk:
        yield disk


def test_a_full_disk_still_gets_the_end(start_agent: StartAgent, disk: Path) -> None:
    agent = start_agent(data=disk).started()
    words = "say:" + "x" * 1000
    job_id = agent.act("emit:1", words, "phase:running", "obey", sampling_s=0.02)
    agent.until(job_id, "running")
    own = disk / "jobs" / job_id / "agent.ndjson"
    filler = disk / "filler"
    fill(filler)
    assert agent.http.get("/health").status_code == 200
    # Until not even a sample fits into the last page that the file has.
    wait_for(lambda: -own.stat().st_size % PAGE < len(own.read_bytes().splitlines()[-1]))
    os.kill(agent.worker_pid(job_id), signal.SIGKILL)
    agent.until(job_id, "failed")
    stored = own.read_bytes()
    assert b"worker_died" in stored.splitlines()[-1]
    assert stored.endswith(b"\n")
    fill(filler)
    answer = agent.http.post("/jobs", json={"kind": "acting", "params": {"acts": ["done"]}})
    assert answer.status_code == 507
    assert answer.json()["error"]["category"] == "disk_full"
    filler.unlink()
    agent.until(agent.act("done"), "done")
