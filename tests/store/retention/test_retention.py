"""Which runs are over the limits, what protects a run, and what is swept."""

import os
import time
from pathlib import Path

import msgspec
import pytest

from benchrace.config.retention import RetentionLimits
from benchrace.run.states import RunState
from benchrace.store.retention import leftovers, pruning
from benchrace.store.retention.expired import StoredRun, baseline_ids, expired, stored_runs
from benchrace.store.run_folder import RunFolder
from tests.store.conftest import Make

DAY_S = 86400.0
GIB = 1 << 30
IDS = [f"2026-11-2{day}_101500_abcde{day}" for day in range(5)]


def runs(**protected: str) -> list[StoredRun]:
    """Return five runs of one GiB, the oldest first; `protected` by letter."""
    return [
        StoredRun(
            run_id=run_id, ended_at=day * DAY_S, size=GIB, protected=protected.get("abcde"[day])
        )
        for day, run_id in enumerate(IDS)
    ]


@pytest.mark.parametrize(
    ("limits", "protected", "gone", "words"),
    [
        ({}, {}, [], ""),
        ({"days": 2.5}, {}, [0, 1], "older than 2.5 days"),
        ({"days": 2.5}, {"a": "pinned"}, [1], "older than 2.5 days"),
        ({"runs": 3}, {}, [0, 1], "beyond the newest 3 runs"),
        ({"runs": 3}, {"e": "pinned"}, [0], "beyond the newest 3 runs"),
        ({"gib": 2}, {}, [0, 1, 2], "more than 2 GiB"),
        ({"gib": 2}, {"a": "pinned", "b": "baseline"}, [2], "more than 2 GiB"),
        ({"gib": 1}, {"a": "pinned", "b": "baseline", "e": "pinned"}, [2], "more than 1 GiB"),
        ({"runs": 1}, {}, [0, 1, 2, 3], "beyond the newest run"),
        ({"gib": 5}, {}, [], ""),
    ],
)
def test_what_is_over_the_limits(
    limits: dict[str, float], protected: dict[str, str], gone: list[int], words: str
) -> None:
    over = expired(runs(**protected), RetentionLimits(**limits), 4 * DAY_S)  # type: ignore[arg-type]
    assert [run.run_id for run in over] == [IDS[day] for day in gone]
    assert all(words in run.reason for run in over)


def test_an_earlier_limit_makes_room_for_a_later_one() -> None:
    over = expired(runs(), RetentionLimits(days=2.5, gib=2), 4 * DAY_S)
    assert [run.reason.split()[0] for run in over] == ["older", "older", "the"]


def test_what_is_read_of_stored_runs(tmp_path: Path, make: Make) -> None:
    states = [RunState.DONE, RunState.RUNNING, RunState.FAILED, RunState.DONE, RunState.DONE]
    for day, (run_id, state) in enumerate(zip(IDS, states, strict=True)):
        metadata = make.metadata(run_id, state=state, ended_at=5.0, pinned=day == 2)
        folder = RunFolder.create(tmp_path / "runs", metadata)
        folder.log_path.write_bytes(b"x" * 1000)
        folder.summary_path.write_text("{}")
    (tmp_path / "runs" / IDS[4] / "metadata.json").write_text("{")
    baselines = tmp_path / "config" / "baselines"
    baselines.mkdir(parents=True)
    (baselines / "main.json").write_text(f'{{"run_id": "{IDS[3]}"}}')
    stored = stored_runs(tmp_path / "runs", baseline_ids(tmp_path / "config"))
    by_id = {run.run_id: run for run in stored}
    assert {run_id: run.protected for run_id, run in by_id.items()} == {
        IDS[0]: None,
        IDS[1]: "not ended",
        IDS[2]: "pinned",
        IDS[3]: "baseline",
    }
    assert by_id[IDS[0]].size > 1000


def test_the_first_rounds_of_a_run_that_is_kept_are_kept(tmp_path: Path, make: Make) -> None:
    continues = {0: None, 1: IDS[0], 2: None, 3: IDS[2]}
    for day, first in continues.items():
        metadata = make.metadata(IDS[day], state=RunState.DONE, ended_at=5.0, pinned=day == 1)
        spec = msgspec.structs.replace(metadata.spec, continues=first)
        metadata = msgspec.structs.replace(metadata, spec=spec)
        RunFolder.create(tmp_path, metadata).summary_path.write_text("{}")
    protected = {run.run_id: run.protected for run in stored_runs(tmp_path, frozenset())}
    assert protected == {
        IDS[0]: "continued by a run that is kept",
        IDS[1]: "pinned",
        IDS[2]: None,
        IDS[3]: None,
    }


def test_pruning_deletes_and_counts(tmp_path: Path, make: Make) -> None:
    for run_id in IDS[:3]:
        metadata = make.metadata(run_id, state=RunState.DONE, ended_at=5.0)
        RunFolder.create(tmp_path, metadata).summary_path.write_text("{}")
    stored = list(stored_runs(tmp_path, frozenset()))
    planned = pruning.plan(stored, RetentionLimits(runs=1), 10.0)
    RunFolder.open(tmp_path, IDS[0]).delete()
    forgotten: list[str] = []
    done = pruning.carry_out(tmp_path, planned, forgotten.append)
    assert (done.removed, forgotten) == (True, [IDS[1]])
    assert [path.name for path in tmp_path.iterdir()] == [IDS[2]]


def test_a_run_that_is_pinned_after_the_plan_stays(tmp_path: Path, make: Make) -> None:
    for run_id in IDS[:2]:
        metadata = make.metadata(run_id, state=RunState.DONE, ended_at=5.0)
        RunFolder.create(tmp_path, metadata).summary_path.write_text("{}")
    stored = list(stored_runs(tmp_path, frozenset()))
    planned = pruning.plan(stored, RetentionLimits(runs=1), 10.0)
    folder = RunFolder.open(tmp_path, IDS[0])
    folder.save(msgspec.structs.replace(folder.metadata, pinned=True))
    done = pruning.carry_out(tmp_path, planned, lambda _: None)
    assert (done.expired, done.failed) == ((), ())
    assert folder.path.is_dir()


def test_leftovers_are_swept(tmp_path: Path) -> None:
    half = tmp_path / "runs" / f".deleted-{IDS[0]}-12ab"
    half.mkdir(parents=True)
    (half / "events.ndjson").touch()
    other = tmp_path / "runs" / IDS[1]
    other.mkdir()
    old, new = tmp_path / "index.sqlite.bad-1", tmp_path / "index.sqlite.bad-2"
    for path in (old, new, tmp_path / "index.sqlite"):
        path.touch()
    os.utime(old, (0, time.time() - 8 * DAY_S))
    assert list(leftovers.sweep(tmp_path)) == [half, old]
    assert (other.exists(), new.exists(), (tmp_path / "index.sqlite").exists()) == (True,) * 3
