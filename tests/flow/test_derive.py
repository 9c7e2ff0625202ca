"""Numbers derived again from a run's log, through the command line."""

import json
from pathlib import Path

import pytest

from tests.flow.conftest import Shell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


def test_a_run_derives_to_what_it_was_and_keeps_its_log(shell: Shell) -> None:
    ran = shell.call(
        *("run", "--workload", "compute", "-p", "n=200000"),
        *("--rounds", "2", "--warmup", "0", "--lane", "algorithm=segmented_sieve"),
    )
    assert ran.returncode == 0, ran.stderr
    (folder,) = (shell.data / "runs").iterdir()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = shell.call("runs", "derive", folder.name[-6:])
    assert result.returncode == 0, result.stderr
    assert "2 rounds recomputed" in result.stdout
    assert "no numbers differ" in result.stdout
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    derivation = json.loads(after.pop("derived.json"))
    assert after == before
    assert derivation["summary"]["lanes"][0]["counted"] == 2
    assert derivation["metrics_version"] == {"compute": 1}
    assert (derivation["changes"], derivation["restamped"]) == ([], None)


def test_an_edited_number_is_told(shell: Shell, tmp_path: Path) -> None:
    ran = shell.call("run", "--workload", "compute", "-p", "n=200000", "--rounds", "1")
    assert ran.returncode == 0, ran.stderr
    (folder,) = (shell.data / "runs").iterdir()
    log = folder / "events.ndjson"
    lines = []
    for line in log.read_bytes().splitlines():
        event = json.loads(line)
        if event["type"] == "round_done" and not event["payload"]["warmup"]:
            event["payload"]["measured"][0]["value"] = 7.0
        lines.append(json.dumps(event).encode())
    log.write_bytes(b"\n".join(lines) + b"\n")
    result = shell.call("runs", "derive", folder.name, "--json")
    assert result.returncode == 0, result.stderr
    changes = json.loads(result.stdout)["changes"]
    assert {change["was"]["value"] for change in changes} == {7.0}
    assert all(change["now"]["value"] > 7 for change in changes)
