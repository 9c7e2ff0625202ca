"""Links, pipes and folders where a run's or a job's files are expected are rejected at once."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchrace.central.runs.recovery import unfinished
from benchrace.central.runs.summaries import summary_of
from benchrace.errors import BenchraceError
from benchrace.run.states import RunState
from benchrace.store import reindex
from benchrace.store.artifacts import Artifacts
from benchrace.store.index import Index
from benchrace.store.journal import Journal, is_held
from benchrace.store.query import Query
from benchrace.store.regular import (
    NotRegular,
    append,
    file_bytes,
    make_folder,
    read,
    readable_bytes,
    undo_folder,
)
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import RunLog, StoredLog
from benchrace.store.tail import Tail
from tests.hostile import NAMES

SECRET = b"the victim's own text\n"
Trap = Callable[[Path], None]


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_bytes(SECRET)
    return path


@pytest.fixture(params=["link", "dangling", "pipe", "folder"])
def trap(request: pytest.FixtureRequest, victim: Path) -> Trap:
    """Put something in the place of a file that is not a file."""

    def put(path: Path) -> None:
        path.unlink(missing_ok=True)
        match request.param:
            case "link":
                path.symlink_to(victim)
            case "dangling":
                path.symlink_to(victim.with_name("made by following"))
            case "pipe":
                os.mkfifo(path)
            case _:
                path.mkdir()

    return put


@pytest.fixture(autouse=True)
def harm(tmp_path: Path, victim: Path) -> Any:
    """Check after each test that nothing was written through a link."""
    yield
    assert victim.read_bytes() == SECRET
    assert not (tmp_path / "made by following").exists()


def test_a_file_is_read_and_added_to(tmp_path: Path) -> None:
    append(tmp_path / "file", b"one")
    append(tmp_path / "file", b"two")
    assert read(tmp_path / "file") == b"onetwo"


def test_a_trap_is_neither_read_nor_written_nor_waited_for(tmp_path: Path, trap: Trap) -> None:
    trap(tmp_path / "file")
    with pytest.raises(NotRegular, match="not a regular file"):
        read(tmp_path / "file")
    with pytest.raises(NotRegular):
        append(tmp_path / "file", b"x")
    with pytest.raises(NotRegular):
        Tail(tmp_path / "file").read()
    with pytest.raises(BenchraceError, match="not a regular file"):
        Journal(tmp_path / "file")
    assert not is_held(tmp_path / "file")


@pytest.mark.parametrize("name", ["events.ndjson", "metadata.json"])
def test_a_run_with_a_trap_is_named_and_the_others_are_listed(
    tmp_path: Path, make: Any, trap: Trap, name: str
) -> None:
    runs = tmp_path / "runs"
    good, bad = "2026-11-24_101500_aaaaaa", "2026-11-24_101500_bbbbbb"
    for run_id in (good, bad):
        RunFolder.create(runs, make.metadata(run_id))
    trap(runs / bad / name)
    opened = unfinished(runs)
    assert [folder.run_id for folder, _ in opened] == [good]
    for _, log in opened:
        log.close()
    with pytest.raises(BenchraceError, match="not a regular file"):
        StoredLog(RunFolder.open(runs, bad).log_path, 0)
    index = Index(tmp_path / "index.sqlite")
    reindex.catch_up(index, runs)
    assert good in {row.run_id for row in index.page(Query()).runs}
    index.close()


def test_a_trap_for_a_summary_is_passed_by(folder: RunFolder, make: Any, trap: Trap) -> None:
    folder.save(make.metadata(state=RunState.DONE))
    trap(folder.summary_path)
    assert summary_of(folder).run_id == make.run_id
    assert reindex.entry(folder) == (folder.metadata, None)


@pytest.mark.parametrize("name", ["events.ndjson.torn", "events.bad"])
def test_a_trap_for_what_was_cut_off_is_not_written(
    folder: RunFolder, make: Any, trap: Trap, name: str
) -> None:
    trap(folder.path / name)
    folder.log_path.write_bytes(make.line(0) + b"garbage\n" + b"half")
    with pytest.raises(BenchraceError, match="not a regular file"):
        RunLog.open(folder).close()


def test_a_trap_for_an_artifact_is_not_here(folder: RunFolder, trap: Trap) -> None:
    digest = "0" * 64
    (folder.path / "artifacts").mkdir()
    artifacts = Artifacts(folder.path, "m1")
    trap(artifacts.path(digest))
    assert not artifacts.has(digest)
    assert artifacts.begin_of(digest) == b""
    trap(folder.path / "artifacts" / f"{digest}.m1.partial")
    with pytest.raises(BenchraceError, match="not a regular file"):
        artifacts.add(digest, 0, b"x")


def test_the_metadata_of_another_run_is_refused(folder: RunFolder, make: Any) -> None:
    other = folder.path.with_name("2026-11-24_101500_bbbbbb")
    folder.path.rename(other)
    with pytest.raises(BenchraceError, match="the metadata of another run"):
        RunFolder.open(other.parent, other.name)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "/" in name or "\0" in name or not name]
)
def test_a_folder_is_made_by_one_name(tmp_path: Path, name: str) -> None:
    parent = tmp_path / "parent"
    with pytest.raises(ValueError, match="not the name of one file"):
        make_folder(parent, name)
    assert not parent.exists()


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    for name in ("there", "link", victim.name):
        with pytest.raises(FileExistsError):
            make_folder(tmp_path, name)


def test_only_what_was_made_is_undone(tmp_path: Path) -> None:
    make_folder(tmp_path, "made")
    for name in ("ours", "theirs"):
        (tmp_path / "made" / name).write_text("")
    undo_folder(tmp_path / "made", ("ours", "never made"))
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["theirs"]
    undo_folder(tmp_path / "made", ("theirs",))
    assert not (tmp_path / "made").exists()
    (tmp_path / "link").symlink_to(tmp_path)
    undo_folder(tmp_path / "link", ("victim",))


def test_only_a_regular_file_has_a_size(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"abc")
    link.symlink_to(file)
    assert file_bytes(file) == 3
    assert readable_bytes(file) == 3
    for path in (link, tmp_path, tmp_path / "none"):
        assert (file_bytes(path), readable_bytes(path)) == (0, 0)
