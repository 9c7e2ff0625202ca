"""A machine that hears and says nothing for too long brings what it measured meanwhile."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.central.offer import TOKEN
from tests.flow.conftest import Shell, ended, wait_until

RUN = ("run", "--workload", "compute", "-p", "n=50M", "--rounds", "40", "--json")


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Shell]:
    yield from ended(Shell(tmp_path, token=TOKEN))


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_run_whose_machine_was_away_becomes_done_when_it_is_back(impatient: Shell) -> None:
    fleet = impatient
    fleet.serve(patience_s=5)
    run = fleet.start(*RUN)
    wait_until(lambda: fleet.rounds() >= 3, "three rounds")
    # Its worker goes on: it needs nobody.
    agent = fleet.pid("agents/local.json")
    os.kill(agent, signal.SIGSTOP)
    try:
        out, err = run.communicate(timeout=100)
        assert run.returncode == 1, err
        interrupted = json.loads(out)
        assert interrupted["state"] == "interrupted"
        (job,) = (fleet.data / "jobs").iterdir()
        wait_until(lambda: b'"job_done"' in (job / "work.ndjson").read_bytes(), "the job's end")
    finally:
        os.kill(agent, signal.SIGCONT)

    def show() -> dict[str, object]:
        shown = fleet.call("runs", "show", interrupted["run_id"], "--json")
        assert shown.returncode == 0, shown.stderr
        run: dict[str, object] = json.loads(shown.stdout)
        return run

    wait_until(lambda: show()["state"] == "done", "a run that is done after all")
    lane = json.loads(json.dumps(show()["lanes"]))[0]
    assert (lane["counted"], lane["error"]) == (40, None)
    for stream in ("work", "agent"):
        written = [
            json.loads(line) for line in (job / f"{stream}.ndjson").read_bytes().splitlines()
        ]
        assert [event for event in fleet.events() if event["stream"] == stream] == written
    fleet.stop()
