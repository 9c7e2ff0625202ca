"""Kills during a whole run, and what the run's log has of what was written."""

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.flow.conftest import Shell, wait_until

ENDS = {"job_done", "job_error", "job_timeout", "job_cancelled"}
FINAL = {"done", "failed", "interrupted"}
# About as many as a run has; a moment that never comes is its end.
LINES = 70


class Compared(NamedTuple):
    """Lines that a run's log lacks, and those that it has too often or from nowhere."""

    lost: int
    doubled: int


def strike(
    fleet: Shell, dice: random.Random, url: str, run: Path, victims: Sequence[str]
) -> list[bytes]:
    """Kill at some line of the run, start again what was killed, in any order.

    Returns the whole lines that the log had once all were back.
    """
    at = dice.randrange(LINES)

    def is_there() -> bool:
        log = _log(run)
        return log.count(b"\n") >= at or any(f'"{end}"'.encode() in log for end in ENDS)

    wait_until(is_there, f"line {at}", 0.002)
    for victim in victims:
        _kill(fleet, victim, jobs_of(fleet, run))
    for victim in dice.sample(victims, len(victims)):
        if victim == "agent":
            fleet.serve_agent(url)
        if victim == "central":
            port = url.rsplit(":", 1)[1]
            started = fleet.call("central", "start", "--port", port)
            assert started.returncode == 0, started.stderr
    return _log(run).split(b"\n")[:-1]


def jobs_of(fleet: Shell, run: Path) -> list[Path]:
    """Return the folders of a run's jobs."""
    folders = [folder.parent for folder in fleet.data.glob("jobs/*/job.json")]
    return [folder for folder in folders if _spec(folder)["run_id"] == run.name]


def is_whole(fleet: Shell, run: Path) -> bool:
    """Check whether the run is over and its agent may forget it."""
    state = json.loads((run / "metadata.json").read_bytes())["state"]
    settled = all((job / "acknowledged").exists() for job in jobs_of(fleet, run))
    return state in FINAL and settled and (run / "summary.json").exists()


def compare(fleet: Shell, run: Path, served: Sequence[bytes]) -> Compared:
    """Compare a run's log with its jobs' journals, and with what was seen of it before."""
    lines = _log(run).splitlines()
    stored = [line for line in lines if json.loads(line)["job_id"] is not None]
    written = [
        line
        for job in jobs_of(fleet, run)
        for name in ("work", "agent")
        if (path := job / f"{name}.ndjson").exists()
        for line in path.read_bytes().splitlines()
    ]
    lost = Counter(written) - Counter(stored)
    vanished = set(served) - set(lines) - set(lost)
    ends = Counter(event["job_id"] for event in map(json.loads, stored) if event["type"] in ENDS)
    doubled = (Counter(stored) - Counter(written)).total() + (ends - Counter(set(ends))).total()
    return Compared(lost.total() + len(vanished), doubled)


def _kill(fleet: Shell, victim: str, jobs: Sequence[Path]) -> None:
    if victim == "worker":
        for job in jobs:
            # One that has not started yet, or is gone already, cannot be killed.
            with suppress(FileNotFoundError, ProcessLookupError):
                os.kill(json.loads((job / "worker.json").read_bytes())["pid"], signal.SIGKILL)
        return
    record = "central.json" if victim == "central" else "agents/local.json"
    os.kill(fleet.pid(record), signal.SIGKILL)


def _log(run: Path) -> bytes:
    return (run / "events.ndjson").read_bytes()


def _spec(job: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((job / "job.json").read_bytes())["spec"]
    return spec
