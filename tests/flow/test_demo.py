"""A demo race, from the command to its end: simulated machines come and go."""

import json

import pytest

from benchrace.events import JobStart, RoundDone, decode
from tests.flow.conftest import Shell, wait_until
from tests.tls.certificates import Certificates
from tests.tls.conftest import certificates

__all__ = ["certificates"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_a_demo_race_is_labelled_and_leaves_nothing_behind(shell: Shell) -> None:
    done = shell.call("race", "--demo", "2", "--exit", "--no-browser")
    assert done.returncode == 0, done.stderr
    assert "simulated llm_generate: " in done.stdout
    # Who wins depends on how busy this computer is.
    assert "Simulated: " in done.stdout
    assert "nothing was measured" in done.stdout
    wait_until(lambda: shell.processes() == [], "the end of all processes")
    # Neither machine is known to the next central.
    assert json.loads((shell.data / "central/machines.json").read_bytes()) == []

    (folder,) = (shell.data / "runs").iterdir()
    events = [decode(line) for line in (folder / "events.ndjson").read_bytes().splitlines()]
    starts = [event.payload for event in events if isinstance(event, JobStart)]
    assert [start.simulated for start in starts] == [True, True]
    assert sum(isinstance(event, RoundDone) for event in events) == 10
    metadata = json.loads((folder / "metadata.json").read_bytes())
    assert metadata["simulated"]
    assert [machine["simulated"] for machine in metadata["machines"].values()] == [True, True]

    listed = shell.call("runs", "list", "--json")
    assert [row["simulated"] for row in json.loads(listed.stdout)["runs"]] == [True]


def test_options_of_the_real_race_are_refused(shell: Shell) -> None:
    refused = shell.call("race", "--demo", "--rounds", "3")
    assert refused.returncode == 2
    assert "--rounds has no effect with --demo" in refused.stderr


def test_simulated_machines_trust_the_central_that_starts_them(
    shell: Shell, certificates: Certificates
) -> None:
    files = certificates.wrong_name
    options = ("--tls-cert", str(files.certificate), "--tls-key", str(files.key))
    started = shell.call("central", "start", "--port", "0", *options)
    assert started.returncode == 0, started.stderr
    try:
        done = shell.call("race", "--demo", "2", "--exit", "--no-browser")
        assert done.returncode == 0, done.stderr
        assert "Simulated: " in done.stdout
    finally:
        shell.call("central", "stop")
