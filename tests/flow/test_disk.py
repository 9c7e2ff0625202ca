"""Folders that are full, damaged, read-only or no folders at all."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flow.conftest import Shell, wait_until

SHORT = ("run", "--workload", "compute", "-p", "n=1M", "--rounds", "2")
SIZE = 4 << 20


def _mount(path: Path, options: str) -> Iterator[Path]:
    path.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", options, "none", str(path)]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"this user may not mount a small disk: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 4 MiB."""
    yield from _mount(tmp_path / "small", f"size={SIZE}")


@pytest.fixture
def fixed(tmp_path: Path) -> Iterator[Path]:
    """Give a disk on which nothing can be written, by root neither."""
    yield from _mount(tmp_path / "fixed", "ro,size=1m")


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
    _fill(filler)
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
    assert [each for each in log().splitlines() if b'"stream":"work"' in each] == written
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
    assert [each["run_id"] for each in listed] == [run["run_id"]]
    shown = json.loads(shell.call("runs", "show", run["run_id"], "--json").stdout)
    assert shown["lanes"] == run["lanes"]
    again = shell.call("runs", "reindex")
    assert again.returncode == 0, again.stderr
    assert "1 runs indexed" in again.stdout


def _log(data: Path) -> Callable[[], bytes]:
    """Give a reader of the folder's one log."""

    def read() -> bytes:
        (path,) = list((data / "runs").glob("*/events.ndjson"))[:1] or (Path(os.devnull),)
        return path.read_bytes()

    return read


def _fill(path: Path) -> None:
    """Write until the disk is full, to the last byte."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return
