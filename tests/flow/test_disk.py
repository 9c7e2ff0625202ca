"""Folders that are full, damaged, read-only or no folders at all."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.disk import fill, small_disk
from tests.flow.conftest import Shell, wait_until

SHORT = ("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2")
SIZE = 4 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 4 MiB."""
    with small_disk(tmp_path / "small", f"size={SIZE}") as disk:
        yield disk


@pytest.fixture
def fixed(tmp_path: Path) -> Iterator[Path]:
    """Return a disk on which nothing can be written, by root neither."""
    with small_disk(tmp_path / "fixed", "ro,size=1m") as disk:
        yield disk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("no folder")
    return tmp_path / "file"


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("place", ["fixed", "file"])
@pytest.mark.parametrize("command", [("central", "--port", "0"), SHORT])
def test_a_folder_that_takes_nothing_is_one_line(
    fleet: Shell, request: pytest.FixtureRequest, place: str, command: tuple[str, ...]
) -> None:
    path = request.getfixturevalue(place)
    done = fleet.call(*command, "--data-dir", str(path))
    assert done.returncode == 1, done.stderr
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_full_disk_pauses_a_run_and_refuses_new_ones(fleet: Shell, small: Path) -> None:
    """Central's disk is full for a while: the agent's is another."""
    on_small = ("--data-dir", str(small))
    central = fleet.call("central", "start", "--port", "0", "--json", *on_small)
    assert central.returncode == 0, central.stderr
    url = json.loads(central.stdout)["info"]["url"]
    fleet.serve_agent(url)
    long = ("run", "--workload", "compute", "-p", "n=50M", "--rounds", "100", "--json")
    run = fleet.start(*long, "--central", url)
    log = _log(small)
    wait_until(lambda: log().count(b'"round_done"') >= 3, "three rounds")
    filler = small / "filler"
    fill(filler)
    wait_until(lambda: fleet.call(*SHORT, "--central", url).returncode == 1, "a refusal")
    refused = fleet.call(*SHORT, "--central", url)
    assert "No space left" in refused.stderr
    assert run.poll() is None
    filler.unlink()
    out, err = run.communicate(timeout=100)
    assert run.returncode == 0, err
    assert json.loads(out)["state"] == "done"
    (job,) = (fleet.data / "jobs").iterdir()
    written = (job / "work.ndjson").read_bytes().splitlines()
    assert [line for line in log().splitlines() if b'"stream":"work"' in line] == written
    fleet.call("agent", "stop", "--machine-id", "local")
    fleet.call("central", "stop", *on_small)
    wait_until(lambda: fleet.processes() == [], "the end of all processes")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_torn_log_can_still_be_read(shell: Shell) -> None:
    done = shell.call(*SHORT, "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    with (shell.data / "runs" / run["run_id"] / "events.ndjson").open("ab") as log:
        log.write(b'{"type":"round_done","run_id":"2026')
    listed = json.loads(shell.call("runs", "list", "--json").stdout)["runs"]
    assert [row["run_id"] for row in listed] == [run["run_id"]]
    shown = json.loads(shell.call("runs", "show", run["run_id"], "--json").stdout)
    assert shown["lanes"] == run["lanes"]
    again = shell.call("runs", "reindex")
    assert again.returncode == 0, again.stderr
    assert "1 runs indexed" in again.stdout


def _log(data: Path) -> Callable[[], bytes]:
    """Return a reader of the folder's one log."""

    def read() -> bytes:
        (path,) = list((data / "runs").glob("*/events.ndjson"))[:1] or (Path(os.devnull),)
        return path.read_bytes()

    return read
