"""A whole race, from the command to the table."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.conftest import Shell, ended

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Yield a shell on a machine where benchrace was just installed."""
    yield from ended(Shell(tmp_path, described=False))


def test_a_race_ends_with_a_table_and_leaves_no_process(shell: Shell) -> None:
    done = shell.call("race", "--n", "2M", "--rounds", "2", "--exit")
    assert done.returncode == 0, done.stderr
    assert "segmented" in done.stdout.lower()
    assert shell.processes() == []

    (folder,) = (shell.data / "runs").iterdir()
    assert {"metadata.json", "summary.json"} <= {path.name for path in folder.iterdir()}

    again = shell.call("runs", "show", folder.name)
    assert again.returncode == 0, again.stderr
    assert "segmented" in again.stdout.lower()
    assert shell.processes() == []


def test_only_what_races_is_probed(shell: Shell) -> None:
    done = shell.call("run", "--workload", "compute", "-p", "n=1M", "--json")
    assert done.returncode == 0, done.stderr
    (machine,) = json.loads(done.stdout)["machines"].values()
    reachable = {
        backend["description"]["name"]: backend["reachable"] for backend in machine["backends"]
    }
    assert (reachable["compute"], reachable["ollama"]) == (True, None)
