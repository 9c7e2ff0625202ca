"""Lanes over several machines: whole races by real processes, and what breaks in the middle."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import wait_for
from tests.flow.team_fleet import TeamFleet
from tests.relay import Relay

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
OVER_TWO: dict[str, Any] = {"machine_id": "a", "workers": ["b"]}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamFleet]:
    with TeamFleet(tmp_path_factory.mktemp("team")).serving("abc") as fleet:
        yield fleet


@pytest.fixture
def fleet(shared: TeamFleet) -> Iterator[TeamFleet]:
    """Return the fleet; what a test wrote into the machines' folders is removed."""
    yield shared
    for home in shared.homes.values():
        home.clear()


def is_lent(fleet: TeamFleet, name: str) -> bool:
    running = fleet.agents[name].get("/api/v1/operations")["operations"]
    return any(one["operation"] == "lend" and one["state"] == "running" for one in running)


def test_two_machines_as_one_lane_race_a_third(fleet: TeamFleet) -> None:
    run = fleet.over(fleet.submit(OVER_TWO, {"machine_id": "c"}))
    assert run["state"] == "done", run["failure"]
    over, alone = run["lanes"]
    assert (over["label"], over["workers"], over["counted"]) == ("over A + B", ["b"], 2)
    assert (alone["label"], alone["workers"], alone["counted"]) == ("C", [], 2)
    (peer,) = over["peers"]
    assert (peer["machine_id"], peer["label"], peer["build"]) == ("b", "B", "b1")
    assert peer["devices"] == [{"name": "CPU", "total_bytes": 8, "free_bytes": 4}]
    # The coordinator used what the run says, and gave it back.
    assert fleet.homes["a"].read("peers") == f"b=B={peer['endpoint']}=b1"
    assert fleet.homes["b"].has("left")
    assert not fleet.homes["c"].read("peers")
    assert set(run["machines"]) == set(run["hosts"]) == {"a", "b", "c"}
    assert run["machines"]["b"]["hardware"]["cpu"]["architecture"]
    assert fleet.warnings(run["run_id"]) == []


def test_a_run_waits_for_a_machine_that_is_lent(fleet: TeamFleet) -> None:
    fleet.homes["a"].write("hold")
    first = fleet.submit(OVER_TWO)
    fleet.wait_for_round("a")
    machine = fleet.machine("b")
    assert (machine["state"], machine["run_id"]) == ("busy", first)
    second = fleet.submit({"machine_id": "b"})
    assert fleet.get(f"/api/runs/{second}")["queue_position"] == 1
    fleet.homes["a"].remove("hold")
    assert fleet.over(first)["state"] == "done"
    assert fleet.over(second)["state"] == "done"
    starts = [fleet.get(f"/api/runs/{run_id}") for run_id in (first, second)]
    assert starts[0]["ended_at"] <= starts[1]["started_at"]


def test_the_command_line_names_workers(fleet: TeamFleet) -> None:
    options = ("-p", "n=1", "--rounds", "2", "--json", "--central", fleet.url)
    lanes = ("--lane", "machine=a,backend=team,workers=b+c")
    command = str(Path(sys.executable).with_name("benchrace"))
    done = subprocess.run(
        [command, "run", "--workload", "compute", *options, *lanes],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENCHRACE_DATA_DIR": str(fleet.data)},
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert (run["lanes"][0]["workers"], run["lanes"][0]["label"]) == (["b", "c"], "over A + B + C")
    assert [one["machine_id"] for one in run["lanes"][0]["peers"]] == ["b", "c"]


def test_a_machine_that_cannot_lend_itself_is_named(fleet: TeamFleet) -> None:
    fleet.homes["b"].write("refuse", "port 50052 is taken")
    run = fleet.over(fleet.submit(OVER_TWO, {"machine_id": "c"}))
    assert (run["state"], run["failure"]["message"], run["failure"]["remedy"]) == (
        "failed",
        'worker B of lane "over A + B" did not start: port 50052 is taken',
        "Repair it.",
    )
    # The other lane ran.
    assert [lane["counted"] for lane in run["lanes"]] == [0, 2]


def test_machines_with_different_builds_are_refused_by_name(fleet: TeamFleet) -> None:
    fleet.homes["b"].write("build", "b2")
    answer = fleet.post(OVER_TWO)
    assert answer.status_code == 422, answer.text
    (field,) = answer.json()["error"]["fields"]
    assert field["path"] == "lanes[0]"
    assert field["message"].startswith(
        "A has team b1, and B has b2: all machines of a lane need the same build"
    )


def test_a_cancel_gives_the_machines_back(fleet: TeamFleet) -> None:
    fleet.homes["a"].write("hold")
    run_id = fleet.submit(OVER_TWO)
    fleet.wait_for_round("a")
    assert is_lent(fleet, "b")
    assert fleet.http.post(f"/api/runs/{run_id}/cancel", json={}).status_code == 202
    assert fleet.over(run_id)["state"] == "cancelled"
    assert not is_lent(fleet, "b")
    assert fleet.homes["b"].has("left")


def test_a_round_that_hangs_without_its_worker_is_ended_with_the_reason(fleet: TeamFleet) -> None:
    fleet.homes["a"].write("hold")
    run_id = fleet.submit(OVER_TWO)
    fleet.wait_for_round("a")
    fleet.homes["b"].write("stop")
    run = fleet.over(run_id)
    why = 'worker B of lane "over A + B" stopped: the engine is gone'
    assert (run["state"], run["failure"]["message"]) == ("failed", why)
    assert why in fleet.warnings(run_id)
    assert not is_lent(fleet, "b")


def test_a_central_that_is_killed_in_the_middle_is_followed_by_one_that_goes_on(
    fleet: TeamFleet,
) -> None:
    fleet.homes["a"].write("hold")
    run_id = fleet.submit(OVER_TWO)
    fleet.wait_for_round("a")
    fleet.kill_central()
    fleet.start_central()
    wait_for(lambda: fleet.machine("b")["run_id"] == run_id)
    fleet.homes["a"].remove("hold")
    run = fleet.over(run_id)
    assert run["state"] == "done", run["failure"]
    assert fleet.warnings(run_id) == []
    operations = fleet.agents["b"].get("/api/v1/operations")["operations"]
    assert operations[-1]["lent"]["endpoint"] == run["lanes"][0]["peers"][0]["endpoint"]
    assert not is_lent(fleet, "b")


def test_a_worker_whose_agent_is_killed_is_named_and_the_next_run_is_well(
    fleet: TeamFleet,
) -> None:
    fleet.homes["a"].write("hold")
    run_id = fleet.submit(OVER_TWO)
    fleet.wait_for_round("a")
    fleet.kill_agent("b")
    fleet.homes["a"].remove("hold")
    run = fleet.over(run_id)
    assert run["state"] == "interrupted"
    assert run["failure"]["message"].startswith('worker B of lane "over A + B" stopped: ')
    assert any("worker B of lane" in text for text in fleet.warnings(run_id))
    fleet.start_agent("b")
    assert fleet.over(fleet.submit(OVER_TWO))["state"] == "done"


def test_a_machine_whose_link_is_cut_is_named_and_free_again(fleet: TeamFleet) -> None:
    port = int(fleet.url.rsplit(":", 1)[1])
    with Relay(port) as relay:
        fleet.start_agent("d", central=relay.url, lease_s=6)
        fleet.homes["a"].write("hold")
        run_id = fleet.submit({"machine_id": "a", "workers": ["d"]})
        fleet.wait_for_round("a")
    run = fleet.over(run_id)
    assert (run["state"], run["failure"]["category"]) == ("interrupted", "interrupted")
    assert run["failure"]["message"].startswith(
        'worker D of lane "over A + D" stopped: no message from it for '
    )
    # Nobody asked for it any more.
    wait_for(lambda: fleet.homes["d"].has("left"))
    assert not is_lent(fleet, "d")
