"""Kills at random moments of whole runs: each has an end, each job one, and every line is kept."""

import json
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.flow.conftest import Shell, wait_until

ENDS = {"job_done", "job_error", "job_timeout", "job_cancelled"}
FINAL = {"done", "failed", "interrupted"}
RUN = ("run", "--workload", "compute", "-p", "n=20M", "--lane", "threads=1", "--lane", "threads=2")
VICTIMS = (("worker",), ("agent",), ("central",), ("agent", "central"))
# About as many as a run has; a moment that never comes is its end.
LINES = 70


def _kill(fleet: Shell, victim: str, job: Path | None) -> None:
    if victim == "worker":
        with suppress(FileNotFoundError, AttributeError, ProcessLookupError):
            os.kill(json.loads((job / "worker.json").read_bytes())["pid"], signal.SIGKILL)  # type: ignore[operator]
        return
    record = "central.json" if victim == "central" else "agents/local.json"
    os.kill(fleet.pid(record), signal.SIGKILL)


def _strike(fleet: Shell, dice: random.Random, url: str, run: Path) -> None:
    """Kill someone at some line of the run, and start again what was killed, in any order."""
    at = dice.randrange(LINES)

    def is_there() -> bool:
        log = (run / "events.ndjson").read_bytes()
        return log.count(b"\n") >= at or any(f'"{end}"'.encode() in log for end in ENDS)

    wait_until(is_there, f"line {at}")
    victims = list(dice.choice(VICTIMS))
    for victim in victims:
        _kill(fleet, victim, next(iter(_jobs(fleet, run)), None))
    dice.shuffle(victims)
    for victim in victims:
        if victim == "agent":
            fleet.serve_agent(url)
        if victim == "central":
            port = url.rsplit(":", 1)[1]
            started = fleet.call("central", "start", "--port", port)
            assert started.returncode == 0, started.stderr


def _jobs(fleet: Shell, run: Path) -> list[Path]:
    folders = [folder.parent for folder in fleet.data.glob("jobs/*/job.json")]
    return [folder for folder in folders if _spec(folder)["run_id"] == run.name]


def _spec(job: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((job / "job.json").read_bytes())["spec"]
    return spec


def _is_whole(fleet: Shell, run: Path) -> bool:
    """Return whether the run is over and its agent may forget it."""
    state = json.loads((run / "metadata.json").read_bytes())["state"]
    settled = all((job / "acknowledged").exists() for job in _jobs(fleet, run))
    return state in FINAL and settled and (run / "summary.json").exists()


def _check(fleet: Shell, run: Path, served: list[bytes]) -> None:
    lines = (run / "events.ndjson").read_bytes().splitlines()
    assert set(served) <= set(lines)
    events = [json.loads(line) for line in lines]
    for job in _jobs(fleet, run):
        for stream in ("work", "agent"):
            path = job / f"{stream}.ndjson"
            written = path.read_bytes().splitlines() if path.exists() else []
            key = (job.name, stream)
            stored = zip(lines, events, strict=True)
            assert [
                line for line, event in stored if (event["job_id"], event["stream"]) == key
            ] == (written)
    ends = Counter(event["job_id"] for event in events if event["type"] in ENDS)
    assert set(ends.values()) <= {1}
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
        _strike(fleet, dice, url, run)
        served = (run / "events.ndjson").read_bytes().split(b"\n")[:-1]
        command.communicate(timeout=100)
        wait_until(lambda run=run: _is_whole(fleet, run), "the end of a run")  # type: ignore[misc]
        _check(fleet, run, served)
    fleet.stop()
