"""`benchrace agent jobs` against a running agent."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import local_http
from tests.flow.conftest import Shell, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Shell]:
    """Yield a shell beside whose agent no central runs."""
    shell = Shell(tmp_path)
    yield shell
    shell.call("agent", "stop", "--machine-id", "local")
    for process in shell.processes():
        process.kill()


def test_the_running_job_is_listed_and_stopped(alone: Shell) -> None:
    nobody = alone.call("agent", "jobs", "list", "--machine-id", "local")
    assert nobody.returncode == 1
    assert "no agent for machine local is running" in nobody.stderr
    started = alone.call(
        "agent", "start", "--port", "0", "--machine-id", "local", "--share-host", "--json"
    )
    url = json.loads(started.stdout)["info"]["url"]
    idle = alone.call("agent", "jobs", "stop", "--machine-id", "local")
    assert (idle.returncode, "no job is running on this machine" in idle.stderr) == (1, True)
    assert "No jobs" in alone.call("agent", "jobs", "list", "--machine-id", "local").stdout
    request = {"kind": "compute", "backend": "compute", "params": {"n": 10**12, "threads": 1}}
    with local_http.client(url, timeout=60) as client:
        client.get("/capabilities")
        job_id = client.post("/jobs", json=request).json()["job_id"]
        wait_until(lambda: client.get(f"/jobs/{job_id}").json()["state"] == "running", "running")
        listed = alone.call("agent", "jobs", "list", "--machine-id", "local", "--json")
        (job,) = json.loads(listed.stdout)["jobs"]
        assert (job["job_id"], job["state"]) == (job_id, "running")
        stopped = alone.call("agent", "jobs", "stop", "--machine-id", "local")
        assert (stopped.returncode, job_id in stopped.stdout) == (0, True)
        wait_until(lambda: client.get(f"/jobs/{job_id}").json()["state"] == "cancelled", "its end")
    table = alone.call("agent", "jobs", "list", "--machine-id", "local").stdout
    assert "cancelled" in table
    assert "stopped by the user" in table
    unknown = alone.call("agent", "jobs", "stop", "nothing", "--machine-id", "local")
    assert unknown.returncode == 2
