"""The index's file broken in many ways: the list stays right."""

import contextlib
import errno
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.store import database, reindex
from benchrace.store.index import Index
from benchrace.store.query import Query
from benchrace.store.run_folder import RunFolder

IDS = [f"2026-11-24_101500_{number:06x}" for number in range(3)]
NEW = "2026-11-25_101500_000000"
KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from benchrace.store.index import Index

left = [int(sys.argv[2])]

def count(statement):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)

connect = sqlite3.connect

def traced(*given, **more):
    base = connect(*given, **more)
    base.set_trace_callback(count)
    return base

sqlite3.connect = traced
Index(Path(sys.argv[1])).close()
"""


@pytest.fixture
def runs(tmp_path: Path, make: Any) -> Path:
    for run_id in IDS:
        RunFolder.create(tmp_path / "runs", make.metadata(run_id))
    return tmp_path / "runs"


@pytest.fixture
def index(tmp_path: Path, runs: Path) -> Iterator[Index]:
    opened = Index(tmp_path / "index.sqlite")
    reindex.catch_up(opened, runs)
    yield opened
    opened.close()


def listed(index: Index) -> list[str]:
    return [row.run_id for row in index.page(Query()).runs]


def trouble(index: Index) -> BenchraceError | None:
    return index.trouble


def names(index: Index) -> dict[str, str | None]:
    return {row.run_id: row.name for row in index.page(Query()).runs}


@pytest.mark.slow
def test_a_start_killed_at_each_statement_wedges_nothing(tmp_path: Path, runs: Path) -> None:
    points = 0
    while True:
        path = tmp_path / f"index-{points}.sqlite"
        done = subprocess.run([sys.executable, "-c", KILLED, path, str(points)], check=False)
        index = Index(path)
        reindex.catch_up(index, runs)
        assert listed(index) == IDS[::-1]
        assert trouble(index) is None
        index.close()
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        points += 1
    assert points > 12


def test_an_index_that_an_older_start_left_half_made_is_made_again(
    tmp_path: Path, runs: Path
) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as base:
        base.execute("CREATE TABLE runs (key TEXT PRIMARY KEY)")
    index = Index(tmp_path / "index.sqlite")
    assert (index.stale, reindex.catch_up(index, runs).done) == (True, 3)
    assert listed(index) == IDS[::-1]
    index.close()


def truncated(path: Path) -> None:
    for name in (path, path.with_name(path.name + "-wal")):
        os.truncate(name, 0)


def overwritten(path: Path) -> None:
    for name in (path, path.with_name(path.name + "-wal")):
        name.write_bytes(os.urandom(name.stat().st_size))


def cut_short(path: Path) -> None:
    path.with_name(path.name + "-wal").write_bytes(b"x" * 100)
    os.truncate(path, 5000)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [truncated, overwritten, cut_short])
def test_a_file_damaged_while_it_is_used_heals(
    tmp_path: Path, index: Index, runs: Path, make: Any, damage: Callable[[Path], None]
) -> None:
    index.put(make.metadata(IDS[0], name="before"), None)
    RunFolder.open(runs, IDS[0]).save(make.metadata(IDS[0], name="before"))
    damage(tmp_path / "index.sqlite")
    for number in range(40):
        # What is cached is right; sooner or later the file itself is asked.
        folder = RunFolder.create(runs, make.metadata(f"2026-11-25_101500_{number:06x}"))
        index.put(*reindex.entry(folder))
    listed(index)
    if index.stale:
        reindex.rebuild(index, runs)
    assert len(listed(index)) == 43
    assert names(index)[IDS[0]] == "before"
    index.restore()
    assert (index.trouble, index.stale) == (None, False)
    index.close()
    again = Index(tmp_path / "index.sqlite")
    reindex.catch_up(again, runs)
    assert len(listed(again)) == 43
    again.close()


def test_a_file_that_another_process_holds_stops_neither_start_nor_changes(
    tmp_path: Path, runs: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_LOCK_S", 0.01)
    path = tmp_path / "index.sqlite"
    Index(path).close()
    hold = f"""
import sqlite3, sys
base = sqlite3.connect({str(path)!r}, isolation_level=None)
base.execute("PRAGMA locking_mode = EXCLUSIVE")
base.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    index = Index(path)
    assert index.trouble is not None
    assert index.trouble.category is Category.BUSY
    reindex.catch_up(index, runs)
    index.put(make.metadata(IDS[0], name="new"), None)
    index.remove([IDS[1]])
    assert names(index) == {IDS[0]: "new", IDS[2]: None}
    with pytest.raises(BenchraceError, match="locked"):
        index.restore()
    holder.communicate()
    index.restore()
    assert trouble(index) is None
    index.close()
    again = Index(path)
    assert names(again) == {IDS[0]: "new", IDS[2]: None}
    again.close()


def test_the_file_that_is_used_is_held(tmp_path: Path, index: Index) -> None:
    with (
        contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite", timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN EXCLUSIVE")


class FullFile:
    """A connection that has no room for changes, as SQLite says it."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def __enter__(self) -> None:
        self._base.__enter__()

    def __exit__(self, *about: Any) -> None:
        self._base.__exit__(*about)

    def execute(self, text: str, *arguments: Any) -> Any:
        if text.startswith(("INSERT", "DELETE")):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return self._base.execute(text, *arguments)

    executemany = execute

    def close(self) -> None:
        self._base.close()


def test_a_disk_that_is_full_for_the_index_alone(
    tmp_path: Path, index: Index, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: Any = index._database
    used._base = FullFile(used._base)
    index.remove([IDS[2]])
    index.put(make.metadata(IDS[0], name="new"), None)
    assert names(index) == {IDS[0]: "new", IDS[1]: None}
    assert not index.stale
    assert index.trouble is not None
    assert index.trouble.category is Category.DISK_FULL
    # Until it is whole again, nobody may take the file for the index.
    assert not (tmp_path / "index.sqlite").exists()

    def full(path: Path) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(database, "_connect", full)
        with pytest.raises(BenchraceError, match="No space left"):
            index.restore()
    index.restore()
    assert trouble(index) is None
    assert names(index) == {IDS[0]: "new", IDS[1]: None}


def test_a_copy_that_does_not_fit_leaves_no_file(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: Any = index._database
    used._base = FullFile(used._base)
    index.remove([IDS[2]])
    connect = database._connect
    with monkeypatch.context() as patch:
        patch.setattr(database, "_connect", lambda path: FullFile(connect(path)))
        with pytest.raises(BenchraceError, match="full"):
            index.restore()
    assert not (tmp_path / "index.sqlite").exists()
    assert sorted(names(index)) == IDS[:2]


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_put_aside(tmp_path: Path, runs: Path, ending: str, kind: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    path = tmp_path / f"index.sqlite{ending}"
    match kind:
        case "link":
            path.symlink_to(victim)
        case "pipe":
            os.mkfifo(path)
        case _:
            path.mkdir()
    index = Index(tmp_path / "index.sqlite")
    reindex.catch_up(index, runs)
    assert listed(index) == IDS[::-1]
    assert trouble(index) is None
    index.close()
    assert victim.read_bytes() == b"mine"


def test_runs_are_listed_where_nothing_can_be_written(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> Any:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(database, "_connect", refused)
    index = Index(tmp_path / "index.sqlite")
    reindex.catch_up(index, runs)
    assert listed(index) == IDS[::-1]
    assert index.trouble is not None
    index.close()


def test_an_index_that_breaks_while_it_is_read_again_is_read_once_more(
    tmp_path: Path, index: Index, runs: Path
) -> None:
    def progress(now: reindex.Progress) -> None:
        used: Any = index._database
        used._leave_file(sqlite3.DatabaseError("database disk image is malformed"))

    reindex.rebuild(index, runs, progress)
    assert index.stale
    reindex.rebuild(index, runs)
    assert listed(index) == IDS[::-1]
