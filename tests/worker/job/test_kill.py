"""`kill -9` at any moment: the journal has whole lines, numbered without a gap."""

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchrace.plugin.host.entry_points import PluginRef
from benchrace.store.journal import Journal
from benchrace.testing import Worker, job_lane, job_order, job_spec

KILLS = 50


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_killed_worker_leaves_whole_lines_without_a_gap(
    tmp_path: Path, plugins: tuple[PluginRef, ...]
) -> None:
    lane = job_lane(0, "scripted", {"units": 200, "unit_s": 0.0005, "text": "some words\n"})
    spec = job_spec("scripted", [lane], rounds=500)
    luck = random.Random(46)
    moments = [luck.uniform(0, 0.15) for _ in range(KILLS)]

    def kill(number: int) -> list[bytes]:
        folder = tmp_path / str(number)
        folder.mkdir()
        with Worker(job_order(spec, folder, plugins)) as worker:
            worker.hear()
            time.sleep(moments[number])
            worker.process.kill()
            worker.wait()
        # As the agent does when it comes back: the lock is free, a torn tail is set apart.
        with Journal(folder / "work.ndjson") as journal:
            assert journal.torn == 0
        return (folder / "work.ndjson").read_bytes().splitlines(keepends=True)

    with ThreadPoolExecutor(4) as pool:
        journals = list(pool.map(kill, range(KILLS)))
    for lines in journals:
        assert all(line.endswith(b"\n") for line in lines)
        events = [json.loads(line) for line in lines]
        assert [event["seq"] for event in events] == list(range(len(events)))
        assert events[0]["type"] == "job_start"
    lengths = {len(lines) for lines in journals}
    assert len(lengths) > KILLS // 3, "all kills came at the same moment"


def test_a_killed_worker_has_no_end(order: Callable[..., Any], tmp_path: Path) -> None:
    with Worker(order({"units": 1000, "unit_s": 0.05})) as worker:
        worker.hear()
        worker.process.kill()
        assert worker.wait() == -9
    assert b"job_done" not in (tmp_path / "work.ndjson").read_bytes()
