"""Downloads of several processes, killed in the middle, and on a disk that is full."""

import errno
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchrace.testing.limits import HANG_S
from tests.assets.file_server import FileServer
from tests.assets.machine import DATA, DIGEST, Machine
from tests.faults.shim import Shim, compile_shim

pytestmark = pytest.mark.slow
Line = dict[str, Any]


class Fetch:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def until(self, wanted: Callable[[Line], bool]) -> Line:
        """Read lines up to the first one that is wanted."""
        assert self.process.stdout is not None
        lines = []
        for text in self.process.stdout:
            line: Line = json.loads(text)
            lines.append(line)
            if wanted(line):
                return line
        raise AssertionError(f"the process ended: {lines}")

    def end(self) -> Line:
        return self.until(lambda line: bool({"sha256", "category"} & line.keys()))


@contextmanager
def fetching(root: Path, url: str, env: dict[str, str] | None = None) -> Iterator[Fetch]:
    command = [sys.executable, "-m", "tests.assets.fetch_process", str(root), url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    with process:
        try:
            yield Fetch(process)
        finally:
            process.kill()


def test_a_killed_download_goes_on_where_it_was(
    machine: Machine, server: FileServer, tmp_path: Path
) -> None:
    server.stall_after = 1_500_000
    with fetching(tmp_path, server.url) as fetch:
        fetch.until(lambda line: line.get("done", 0) > 0)
        fetch.process.kill()
        fetch.process.wait(HANG_S)
    assert machine.store.all() == ()
    assert not machine.store.blob(DIGEST).exists()
    (partial,) = (path for path in machine.store.partials.iterdir() if not path.suffix)
    arrived = partial.stat().st_size
    assert 0 < arrived < len(DATA)
    with fetching(tmp_path, server.url) as fetch:
        assert fetch.end() == {"sha256": DIGEST}
    assert server.requests[1]["range"] == f"bytes={arrived}-"
    assert machine.store.blob(DIGEST).read_bytes() == DATA
    assert machine.partials == []


def test_two_processes_share_one_download(
    machine: Machine, server: FileServer, tmp_path: Path
) -> None:
    server.stall_after = 1_500_000
    with fetching(tmp_path, server.url) as first:
        assert server.stalled.wait(HANG_S)
        with fetching(tmp_path, server.url) as second:
            second.until(lambda line: "waiting for another download" in line.get("line", ""))
            server.resume.set()
            assert first.end() == second.end() == {"sha256": DIGEST}
    assert len(server.requests) == 1
    assert [asset.sha256 for asset in machine.store.all()] == [DIGEST]


def test_a_disk_that_refuses_keeps_what_came_for_later(
    machine: Machine, server: FileServer, tmp_path: Path
) -> None:
    library = compile_shim(tmp_path)
    if library is None:
        pytest.skip("needs Linux and a C compiler")
    root = tmp_path / "machine"
    shim = Shim(library, tmp_path, root)
    shim.fail_writes(errno.ENOSPC, after=1_600_000)
    with fetching(root, server.url, shim.env) as fetch:
        end = fetch.end()
    assert end["category"] == "disk_full"
    assert end["remedy"] == "Free space there, or run: benchrace agent assets prune"
    store = Machine(root).store
    assert store.all() == ()
    shim.fail_writes(0)
    # Bytes that cannot be synced are not taken for whole.
    shim.fail_syncs(errno.EIO)
    with fetching(root, server.url, shim.env) as fetch:
        assert fetch.end()["category"] == "system"
    assert not store.blob(DIGEST).exists()
    shim.fail_syncs(0)
    with fetching(root, server.url, shim.env) as fetch:
        assert fetch.end() == {"sha256": DIGEST}
    assert len(server.requests) > 1
    assert all("range" in request for request in server.requests[1:])
    assert store.blob(DIGEST).read_bytes() == DATA
