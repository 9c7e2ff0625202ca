"""Folders of runs: whole files, safe names."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.run.lane import RunLane
from benchrace.store import atomic
from benchrace.store.run_folder import RunFolder, run_ids

BAD_IDS = [
    "..",
    "../2026-11-24_101500_abcdef",
    "2026-11-24_101500_abcdef/..",
    "..%2f2026-11-24_101500_abcdef",
    "2026-11-24_101500_abcdef\0",
    "2026-11-24_101500_abcdef\n",
    "2026-11-24_101500_ABCDEF",
    "C:\\2026-11-24_101500_abcdef",
    "٢٠26-11-24_101500_abcdef",
    "",
    "." * 5000,
]


def test_what_was_created_can_be_opened(tmp_path: Path, make: Any) -> None:
    RunFolder.create(tmp_path, make.metadata())
    result = RunFolder.open(tmp_path, make.run_id)
    assert result.metadata == make.metadata()
    assert result.log_path.read_bytes() == b""


def test_metadata_has_the_older_flat_keys(folder: RunFolder) -> None:
    data = json.loads((folder.path / "metadata.json").read_text())
    assert {"run_id", "started_at", "prompt", "model", "machines", "settings"} <= data.keys()
    assert data["settings"] == {"n": 100}


def test_lanes_stored_without_their_place_in_the_specification_are_read(
    folder: RunFolder, make: Any
) -> None:
    lane = RunLane(lane_id="lane-0", label="L", machine_id="m", backend="b", params={"n": 1})
    folder.save(make.metadata(lanes=(lane,)))
    data = json.loads((folder.path / "metadata.json").read_text())
    for stored in data["lanes"]:
        del stored["spec_index"]
    (folder.path / "metadata.json").write_text(json.dumps(data))
    assert RunFolder.open(folder.path.parent, folder.run_id).metadata.lanes == (lane,)


def test_a_run_is_made_once(tmp_path: Path, make: Any) -> None:
    RunFolder.create(tmp_path, make.metadata())
    with pytest.raises(BenchraceError, match="already exists"):
        RunFolder.create(tmp_path, make.metadata())


@pytest.mark.parametrize("run_id", BAD_IDS)
def test_no_name_from_outside_becomes_a_path(tmp_path: Path, make: Any, run_id: str) -> None:
    RunFolder.create(tmp_path, make.metadata())
    with pytest.raises(NotFound):
        RunFolder.open(tmp_path, run_id)


def test_a_link_is_no_run(tmp_path: Path, make: Any) -> None:
    RunFolder.create(tmp_path / "elsewhere", make.metadata())
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / make.run_id).symlink_to(tmp_path / "elsewhere" / make.run_id)
    with pytest.raises(NotFound):
        RunFolder.open(runs, make.run_id)


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b'{"run_id":"\xff"}', b"null"])
def test_damaged_metadata_is_named(folder: RunFolder, data: bytes) -> None:
    (folder.path / "metadata.json").write_bytes(data)
    with pytest.raises(BenchraceError, match=r"metadata\.json cannot be read") as caught:
        RunFolder.open(folder.path.parent, folder.run_id)
    assert not isinstance(caught.value, NotFound)


def test_a_failed_write_leaves_the_old_file(
    folder: RunFolder, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BenchraceError) as caught:
        folder.save(make.metadata(name="new"))
    monkeypatch.undo()
    assert caught.value.category is Category.DISK_FULL
    assert RunFolder.open(folder.path.parent, folder.run_id).metadata.name is None
    assert folder.metadata.name is None
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]


def test_a_run_that_did_not_fit_leaves_nothing(
    tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, **_: Any) -> None:
        raise BenchraceError(Category.DISK_FULL, "full")

    monkeypatch.setattr(atomic, "write", full)
    with pytest.raises(BenchraceError):
        RunFolder.create(tmp_path, make.metadata())
    assert list(tmp_path.iterdir()) == []


def test_a_deleted_run_is_gone(folder: RunFolder) -> None:
    runs = folder.path.parent
    folder.delete()
    assert list(runs.iterdir()) == []
    with pytest.raises(NotFound):
        folder.delete()


def test_runs_are_listed_newest_first(tmp_path: Path, make: Any) -> None:
    ids = [f"2026-11-2{day}_101500_abcdef" for day in range(3)]
    for run_id in ids:
        RunFolder.create(tmp_path, make.metadata(run_id))
    (tmp_path / ".deleted-2026-11-20_101500_abcdef-00").mkdir()
    assert list(run_ids(tmp_path)) == ids[::-1]
    assert list(run_ids(tmp_path / "missing")) == []
