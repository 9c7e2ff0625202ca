"""Numbers derived again from a run's log, through the command line."""

import json
from pathlib import Path

import pytest

from tests.flow.conftest import Shell

pytestmark = pytest.mark.timeout(90)


def test_a_run_derives_to_what_it_was_and_keeps_its_log(shell: Shell) -> None:
    ran = shell.call(
        *("run", "--workload", "compute", "-p", "n=200000"),
        *("--rounds", "2", "--warmup", "0", "--lane", "algorithm=segmented_sieve"),
    )
    assert ran.returncode == 0, ran.stderr
    (folder,) = (shell.data / "runs").iterdir()
    before = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    said = shell.call("runs", "derive", folder.name[-6:])
    assert said.returncode == 0, said.stderr
    assert "2 rounds derived again" in said.stdout
    assert "no number differs" in said.stdout
    after = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    made = json.loads(after.pop("derived.json"))
    assert after == before
    assert made["summary"]["lanes"][0]["counted"] == 2
    assert made["metrics_version"] == {"compute": 1}
    assert (made["changes"], made["restamped"]) == ([], None)


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
    said = shell.call("runs", "derive", folder.name, "--json")
    assert said.returncode == 0, said.stderr
    changes = json.loads(said.stdout)["changes"]
    assert {each["was"]["value"] for each in changes} == {7.0}
    assert all(each["now"]["value"] > 7 for each in changes)
