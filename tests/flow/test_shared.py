"""What two processes want and one can have: a port, a data folder; and a host that they share."""

import json
import socket
from pathlib import Path

import pytest

from tests.flow.conftest import Shell

MACHINES = ("one", "two", "three")


def one_line(text: str) -> str:
    """Return the failure in words; anything more than it and its remedy is a defect."""
    lines = text.strip().splitlines()
    assert 1 <= len(lines) <= 2, text
    assert "Traceback" not in text
    return lines[0]


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("component", ["central", "agent"])
def test_a_port_that_is_taken_is_one_line(fleet: Shell, component: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = fleet.call(component, "--port", port)
    assert done.returncode == 1, done.stderr
    assert port in one_line(done.stderr)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_second_central_leaves_the_folder_to_the_first(fleet: Shell) -> None:
    url = fleet.serve()
    second = fleet.call("central", "--port", "0")
    assert second.returncode == 1
    assert str(fleet.data) in one_line(second.stderr)
    # Commands use the one that is there.
    run = fleet.call("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(fleet.call("central", "status", "--json").stdout)["info"]["url"] == url
    fleet.stop()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_three_agents_of_one_host_race_in_one_run(fleet: Shell) -> None:
    fleet.serve(*MACHINES)
    lanes = [part for name in MACHINES for part in ("--lane", f"machine={name}")]
    options = ("-p", "n=1M", "-p", "threads=1", "--rounds", "3", "--json")
    done = fleet.call("run", "--workload", "compute", *options, *lanes)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert [(lane["machine_id"], lane["counted"]) for lane in run["lanes"]] == [
        (name, 3) for name in MACHINES
    ]
    assert run["heats"][0]["spread_ns"] is not None
    for machine in MACHINES:
        numbers = [
            event["seq"]
            for event in fleet.events()
            if (event["machine_id"], event["stream"]) == (machine, "work")
        ]
        assert numbers == list(range(len(numbers)))
        assert numbers
    fleet.stop(*MACHINES)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("linked", [False, True])
def test_a_command_uses_the_agent_that_runs_already(
    fleet: Shell, tmp_path: Path, linked: bool
) -> None:
    elsewhere = ("--data-dir", str(tmp_path / "elsewhere"))
    url, central = "", tuple[str, ...]()
    if linked:
        started = fleet.call("central", "start", "--port", "0", "--json", *elsewhere)
        url = json.loads(started.stdout)["info"]["url"]
        central = ("--central", url)
    assert fleet.call("agent", "start", "--port", "0", *central).returncode == 0
    done = fleet.call("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2")
    assert done.returncode == 0, done.stderr
    assert f"using {url or 'the agent that is already running'}" in done.stdout
    if linked:
        assert fleet.call("central", "stop", *elsewhere).returncode == 0
    assert fleet.call("agent", "stop").stdout == "agent stopped\n"
