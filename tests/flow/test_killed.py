"""Killed without a word: what was measured stays, and the next run is fine."""

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.flow.conftest import Shell, wait_until

LONG = ("run", "--workload", "compute", "-p", "n=50M", "--rounds", "150", "--json")
TOKEN = "a token of the tests"


@pytest.fixture
def fleet(tmp_path: Path) -> Shell:
    return Shell(tmp_path, token=TOKEN)


def _events(shell: Shell) -> list[dict[str, object]]:
    logs = [each.read_bytes() for each in (shell.data / "runs").glob("*/events.ndjson")]
    return [json.loads(line) for log in logs for line in log.split(b"\n")[:-1]]


def _rounds(shell: Shell) -> int:
    return sum(each["type"] == "round_done" for each in _events(shell))


def _serve(shell: Shell) -> str:
    central = shell.call("central", "start", "--port", "0", "--json")
    assert central.returncode == 0, central.stderr
    url = str(json.loads(central.stdout)["info"]["url"])
    agent = shell.call("agent", "start", "--port", "0", "--central", url)
    assert agent.returncode == 0, agent.stderr
    return url


def _stop(shell: Shell) -> None:
    for component in ("agent", "central"):
        shell.call(component, "stop")
    wait_until(lambda: shell.processes() == [], "the end of all processes")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_run_outlives_its_central(fleet: Shell) -> None:
    url = _serve(fleet)
    run = fleet.start(*LONG)
    wait_until(lambda: _rounds(fleet) >= 3, "three rounds")
    pid = json.loads((fleet.data / "central.json").read_bytes())["pid"]
    os.kill(pid, signal.SIGKILL)
    port = url.rsplit(":", 1)[1]
    wait_until(
        lambda: fleet.call("central", "start", "--port", port).returncode == 0, "a new central"
    )
    out, err = run.communicate(timeout=100)
    assert run.returncode == 0, err
    assert json.loads(out)["state"] == "done"
    numbers = [each["seq"] for each in _events(fleet) if each["stream"] == "work"]
    assert numbers == list(range(len(numbers)))
    _stop(fleet)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_killed_worker_ends_its_run_and_nothing_else(fleet: Shell) -> None:
    _serve(fleet)
    run = fleet.start(*LONG)
    wait_until(lambda: _rounds(fleet) >= 3, "three rounds")
    (worker,) = (
        each for each in fleet.processes() if "benchrace.worker" in " ".join(each.cmdline())
    )
    worker.send_signal(signal.SIGKILL)
    out, err = run.communicate(timeout=100)
    assert run.returncode == 1, err
    state = json.loads(out)
    assert state["lanes"][0]["error"]["category"] == "worker_died"
    assert state["lanes"][0]["counted"] >= 2
    ends = [each["type"] for each in _events(fleet) if str(each["type"]).startswith("job_")]
    assert ends == ["job_start", "job_error"]
    assert not psutil.pid_exists(worker.pid)

    again = fleet.call("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2", "--json")
    assert again.returncode == 0, again.stderr
    _stop(fleet)
