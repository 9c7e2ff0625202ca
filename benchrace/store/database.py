"""The database of the index: its file, or memory while the file cannot be used."""

import logging
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from benchrace import permissions
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic

T = TypeVar("T")
log = logging.getLogger(__name__)
VERSION = 7
# One transaction: a process that dies in it leaves a database without any table.
_SCHEMA = f"""
BEGIN;
CREATE TABLE runs (
  key TEXT PRIMARY KEY, run_id TEXT UNIQUE NOT NULL, state TEXT NOT NULL, searched TEXT NOT NULL,
  title TEXT, ratio REAL, value REAL, confidence INTEGER, machine TEXT, row BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_state ON runs (state, key);
CREATE TABLE marks (
  what TEXT NOT NULL, mark TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (what, mark, key)
) WITHOUT ROWID;
CREATE INDEX marks_by_key ON marks (key);
PRAGMA user_version = {VERSION};
COMMIT;
"""
_TABLES = {"runs": "?, ?, ?, ?, ?, ?, ?, ?, ?, ?", "marks": "?, ?, ?"}
_BESIDE = ("-wal", "-shm", "-journal")
# What a person may hold the file for; whoever asks for a list waits as long.
_LOCK_S = 2.0
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Database:
    """Do work on a connection, one after the other; all calls block.

    What the index holds derives from the runs' folders, so that no failure of its file has to
    reach whoever asks: the work is done again in memory, on a copy where the file can still be
    read. `trouble` then says why the file is not used, until `restore`; it is None while the file
    is used. `stale` says that runs may be missing, and that all must be read again (`reindex`).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.RLock()
        self._closed = False
        self.trouble: BenchraceError | None = None
        self.stale = False
        self._base = self._open()

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction, and once more in memory where the file fails."""
        with self._turn:
            try:
                with self._base:
                    return work(self._base)
            except sqlite3.DatabaseError as error:
                if self.trouble is not None or self._closed or not _is_files(error):
                    raise _failure(self._path, error) from error
                self._leave_file(error)
                with self._base:
                    return work(self._base)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Lock others out while what `do` is to write is read."""
        with self._turn:
            yield

    def restore(self) -> None:
        """Use the file again, with what is in memory; raises where it still cannot be used."""
        with self._turn:
            if self.trouble is None or self._closed:
                return
            try:
                base = _connect_anew(self._path)
                try:
                    with base:
                        _copy(self._base, base)
                except BaseException:
                    base.close()
                    # An index without rows would be taken for a whole one of no runs.
                    _remove(self._path)
                    raise
            except (sqlite3.Error, OSError) as error:
                self.trouble = _failure(self._path, error)
                raise self.trouble from error
            self._base.close()
            self._base, self.trouble = base, None

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        with self._turn:
            self._closed = True
            self._base.close()

    def _open(self) -> sqlite3.Connection:
        try:
            permissions.make_folder(self._path.parent)
            self.stale = not self._path.exists()
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            self.stale = True
            return self._opened_anew(error)
        except OSError as error:
            raise atomic.failure(self._path.parent, error) from error

    def _opened_anew(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        try:
            if _is_damage(error):
                return _connect_anew(self._path)
        except (sqlite3.Error, OSError) as again:
            return self._in_memory(again)
        return self._in_memory(error)

    def _in_memory(self, error: sqlite3.Error | OSError) -> sqlite3.Connection:
        self.trouble = _failure(self._path, error)
        log.warning("the list of runs is kept in memory: %s", self.trouble.message)
        return _memory()

    def _leave_file(self, error: sqlite3.DatabaseError) -> None:
        """Continue in memory, without what cannot be read; the file no longer counts as whole."""
        memory = self._in_memory(error)
        try:
            if _is_damage(error):
                raise error
            with memory:
                _copy(self._base, memory)
        except sqlite3.Error:
            memory.close()
            memory = _memory()
            self.stale = True
        with suppress(sqlite3.Error):
            self._base.close()
        with suppress(OSError):
            (_put_aside if _is_damage(error) else _remove)(self._path)
        self._base = memory


def _connect(path: Path) -> sqlite3.Connection:
    for name in (path, *_beside(path)):
        _check_regular(name)
    with suppress(OSError):
        # Private from its first byte on; what is in the way, SQLite says below.
        permissions.create(path)
    base = sqlite3.connect(path, timeout=_LOCK_S, check_same_thread=False)
    try:
        # No other process needs the file, and one that cut its shared memory short would end this.
        base.execute("PRAGMA locking_mode = EXCLUSIVE")
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        (version,) = base.execute("PRAGMA user_version").fetchone()
        (tables,) = base.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if (version, tables) == (0, 0):
            base.executescript(_SCHEMA)
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"the index has version {version}")
        if base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the index is damaged")
    except BaseException:
        base.close()
        raise
    return base


def _connect_anew(path: Path) -> sqlite3.Connection:
    """Open the file, or one made anew where that is damaged."""
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
        _put_aside(path)
        return _connect(path)


def _memory() -> sqlite3.Connection:
    base = sqlite3.connect(":memory:", check_same_thread=False)
    base.executescript(_SCHEMA)
    return base


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    for table, places in _TABLES.items():
        target.execute(f"DELETE FROM {table}")
        target.executemany(
            f"INSERT INTO {table} VALUES ({places})", source.execute(f"SELECT * FROM {table}")
        )


def _is_files(error: sqlite3.Error) -> bool:
    """Check whether the file is why something failed, and not what was asked of it."""
    return type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError, sqlite3.InternalError)


def _is_damage(error: sqlite3.Error) -> bool:
    return type(error) is not sqlite3.OperationalError


def _check_regular(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise sqlite3.DatabaseError(f"{path} is not a regular file")


def _beside(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + ending) for ending in _BESIDE)


def _put_aside(path: Path) -> None:
    """Rename the file, whatever it is, to `<name>.bad-<hex>`; raises OSError."""
    drawn = os.urandom(3).hex()
    with suppress(FileNotFoundError):
        path.rename(path.with_name(f"{path.name}.bad-{drawn}"))
    for number, name in enumerate(_beside(path)):
        if name.is_dir() and not name.is_symlink():
            name.rename(path.with_name(f"{path.name}.bad-{drawn}-{number}"))
        else:
            name.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for name in (path, *_beside(path)):
        name.unlink(missing_ok=True)


def _failure(path: Path, error: sqlite3.Error | OSError) -> BenchraceError:
    if isinstance(error, OSError):
        return atomic.failure(path, error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        category = Category.DISK_FULL
    elif code in _LOCKED:
        category = Category.BUSY
    else:
        category = Category.SYSTEM
    return BenchraceError(category, f"{path}: {error}")
