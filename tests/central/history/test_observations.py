"""What is read of a machine in stored runs, however old or damaged they are."""

from pathlib import Path
from typing import Any

import msgspec

from benchrace.central.history.observations import observations
from benchrace.ids import RunId, new_run_id
from benchrace.store.run_folder import METADATA
from tests.central.offer import capabilities


def stored(runs: Path, at: float, machines: dict[str, Any]) -> RunId:
    run_id = new_run_id(at)
    (runs / run_id).mkdir(parents=True)
    metadata = {"run_id": run_id, "created_at": at, "machines": machines, "lanes": "ignored"}
    (runs / run_id / METADATA).write_bytes(msgspec.json.encode(metadata))
    return run_id


def test_only_runs_that_describe_the_machine_are_observed(tmp_path: Path) -> None:
    whole = stored(tmp_path, 1e9, {"box": capabilities("box"), "other": {"label": "Other"}})
    planned = stored(tmp_path, 2e9, {"box": {"label": "Box"}})
    older = stored(tmp_path, 3e9, {"box": {"hardware": {"cpu": {"model": "old"}}, "new": 1}})
    odd = stored(tmp_path, 4e9, {"box": {"hardware": {"cpu": {"model": 3}}}})
    damaged = stored(tmp_path, 5e9, {})
    (tmp_path / damaged / METADATA).write_bytes(b'{"created_at": 1, "mach')
    deleted = new_run_id(6e9)
    every = [whole, planned, older, odd, damaged, deleted]
    first, second = observations(tmp_path, every, "box")
    assert (first.run_id, first.at, first.machine.version) == (whole, 1e9, "0")
    assert first.machine.hardware.cpu.usable_threads == 6
    assert (second.run_id, second.machine.hardware.cpu.model) == (older, "old")
    assert list(observations(tmp_path, every, "other")) == []
