"""A command that is interrupted or killed takes what it started with it."""

import json
import os
import signal

import pytest

from tests.flow.conftest import LIMIT, Shell, wait_until

LONG_RACE = ("race", "--n", "2e9", "--rounds", "20", "--exit")


def _measures(shell: Shell) -> bool:
    return any(
        b'"round_' in log.read_bytes() for log in (shell.data / "runs").glob("*/events.ndjson")
    )


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_killed_race_leaves_no_process(shell: Shell) -> None:
    race = shell.start(*LONG_RACE)
    wait_until(lambda: _measures(shell), "a measured round")
    os.kill(race.pid, signal.SIGKILL)
    race.communicate(timeout=LIMIT)
    wait_until(lambda: shell.processes() == [], "the end of all processes")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_race_is_cancelled(shell: Shell, number: signal.Signals) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"{number.name} is ignored here, as in a shell's background, and so by races")
    race = shell.start(*LONG_RACE)
    wait_until(lambda: _measures(shell), "a measured round")
    os.kill(race.pid, number)
    _, err = race.communicate(timeout=LIMIT)
    assert race.returncode == 128 + number, err
    assert "Traceback" not in err
    (folder,) = (shell.data / "runs").iterdir()
    metadata = json.loads((folder / "metadata.json").read_text())
    assert metadata["state"] == "cancelled"
    wait_until(lambda: shell.processes() == [], "the end of all processes")
