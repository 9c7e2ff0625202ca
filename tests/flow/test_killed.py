"""Killed without a word: what was measured stays, and the next run is fine."""

import json
import os
import re
import signal

import psutil
import pytest

from tests.flow.conftest import Shell, wait_until

LONG = ("run", "--workload", "compute", "-p", "n=50M", "--rounds", "150", "--json")
RUN_ID = re.compile(r"\d{4}-\d{2}-\d{2}_\d{6}_[0-9a-f]{6}")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_run_outlives_its_central(fleet: Shell) -> None:
    url = fleet.serve()
    run = fleet.start(*LONG)
    wait_until(lambda: fleet.rounds() >= 3, "three rounds")
    os.kill(fleet.pid("central.json"), signal.SIGKILL)
    port = url.rsplit(":", 1)[1]
    wait_until(
        lambda: fleet.call("central", "start", "--port", port).returncode == 0, "a new central"
    )
    out, err = run.communicate(timeout=100)
    assert run.returncode == 0, err
    assert json.loads(out)["state"] == "done"
    numbers = [event["seq"] for event in fleet.events() if event["stream"] == "work"]
    assert numbers == list(range(len(numbers)))
    fleet.stop()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_killed_worker_ends_its_run_and_nothing_else(fleet: Shell) -> None:
    fleet.serve()
    run = fleet.start(*LONG)
    wait_until(lambda: fleet.rounds() >= 3, "three rounds")
    (worker,) = (
        process
        for process in fleet.processes()
        if "benchrace.worker" in " ".join(process.cmdline())
    )
    worker.send_signal(signal.SIGKILL)
    out, err = run.communicate(timeout=100)
    assert run.returncode == 1, err
    state = json.loads(out)
    assert state["lanes"][0]["error"]["category"] == "worker_died"
    assert state["lanes"][0]["counted"] >= 2
    ends = [event["type"] for event in fleet.events() if str(event["type"]).startswith("job_")]
    assert ends == ["job_start", "job_error"]
    assert not psutil.pid_exists(worker.pid)

    again = fleet.call("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2", "--json")
    assert again.returncode == 0, again.stderr
    fleet.stop()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_killed_agent_interrupts_its_run_and_loses_nothing(fleet: Shell) -> None:
    url = fleet.serve()
    run = fleet.start(*LONG)
    wait_until(lambda: fleet.rounds() >= 3, "three rounds")
    os.kill(fleet.pid("agents/local.json"), signal.SIGKILL)
    fleet.serve_agent(url)
    out, err = run.communicate(timeout=100)
    assert run.returncode == 1, err
    state = json.loads(out)
    assert (state["state"], state["lanes"][0]["error"]["category"]) == ("interrupted",) * 2
    (job,) = (fleet.data / "jobs").iterdir()
    wait_until((job / "acknowledged").exists, "the acknowledgement of the whole job")
    for stream in ("work", "agent"):
        written = [
            json.loads(line) for line in (job / f"{stream}.ndjson").read_bytes().splitlines()
        ]
        assert [event for event in fleet.events() if event["stream"] == stream] == written
    fleet.stop()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_central_that_died_with_its_command_is_said_to_have(shell: Shell) -> None:
    owner = shell.start("run", "--workload", "compute", "-p", "n=2G", "--rounds", "50")
    wait_until(lambda: shell.rounds() >= 1, "a round")
    other = shell.start("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2")
    wait_until(lambda: len(list((shell.data / "runs").iterdir())) == 2, "a second run")
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    _, err = other.communicate(timeout=100)
    assert other.returncode == 1
    assert "Traceback" not in err
    assert "lost central before run" in err
    (run_id,) = set(RUN_ID.findall(err))

    assert shell.call("runs", "show", run_id).returncode == 0
    # The next command on the folder takes both to their ends.
    again = shell.call("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2")
    assert again.returncode == 0, again.stderr
    shown = shell.call("runs", "show", run_id, "--json")
    assert json.loads(shown.stdout)["state"] == "done"
