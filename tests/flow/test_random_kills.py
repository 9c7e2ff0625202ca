"""Kills at random moments of whole runs: each has an end, each job one, and every line is kept."""

import json
import random
from pathlib import Path

import pytest

from tests.flow import kills
from tests.flow.conftest import Shell, wait_until

RUN = ("run", "--workload", "compute", "-p", "n=20M", "--lane", "threads=1", "--lane", "threads=2")
VICTIMS = (("worker",), ("agent",), ("central",), ("agent", "central"))


def _check(fleet: Shell, run: Path, served: list[bytes]) -> None:
    assert kills.compare(fleet, run, served) == (0, 0)
    events = [json.loads(line) for line in (run / "events.ndjson").read_bytes().splitlines()]
    for job in kills.jobs_of(fleet, run):
        for stream in ("work", "agent"):
            numbers = [
                event["seq"]
                for event in events
                if (event["job_id"], event["stream"]) == (job.name, stream)
            ]
            assert numbers == list(range(len(numbers)))
    state = json.loads((run / "metadata.json").read_bytes())["state"]
    assert (events[-1]["payload"]["phase"], events[-1]["payload"]["state"]) == ("run_end", state)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_killed_nothing_is_lost(fleet: Shell, seed: int) -> None:
    dice = random.Random(seed)
    url = fleet.serve()
    before: set[Path] = set()
    for _ in range(3):
        command = fleet.start(*RUN, "--rounds", "5", "--json")
        wait_until(lambda: set(fleet.data.glob("runs/*")) > before, "a run")
        (run,) = set(fleet.data.glob("runs/*")) - before
        before.add(run)
        wait_until((run / "events.ndjson").exists, "a log")
        served = kills.strike(fleet, dice, url, run, dice.choice(VICTIMS))
        command.communicate(timeout=100)
        wait_until(lambda run=run: kills.is_whole(fleet, run), "the end of a run")  # type: ignore[misc]
        _check(fleet, run, served)
    fleet.stop()
