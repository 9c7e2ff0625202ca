"""The index of runs: derived from their folders, for lists and searches. It may be lost."""

import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary
from benchrace.store import atomic
from benchrace.store.row import RunRow, row, searched, sort_key

T = TypeVar("T")
Entry = tuple[RunMetadata, RunSummary | None]
VERSION = 3
MOST = 500
_SCHEMA = f"""
CREATE TABLE runs (
  key TEXT PRIMARY KEY, run_id TEXT UNIQUE NOT NULL, state TEXT NOT NULL, searched TEXT NOT NULL,
  row BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_state ON runs (state, key);
CREATE TABLE marks (
  what TEXT NOT NULL, mark TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (what, mark, key)
) WITHOUT ROWID;
CREATE INDEX marks_by_key ON marks (key);
PRAGMA user_version = {VERSION};
"""
_FORGET_MARKS = "DELETE FROM marks WHERE key IN (SELECT key FROM runs WHERE run_id = ?)"
_MARKED = "SELECT mark, count(*) FROM marks WHERE what = '{}' GROUP BY mark"
_COUNTED = {
    "state": "SELECT state, count(*) FROM runs GROUP BY state",
    **{what: _MARKED.format(what) for what in ("kind", "tag", "machine")},
}
_CHOICES = {what: f"{text} ORDER BY 2 DESC, 1 LIMIT {MOST}" for what, text in _COUNTED.items()}


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list, newest first: those before the run `after`, at most `limit` of them.

    Every word of `q` must be found; `tag` and `state` must be equal, `kind` as well, and one lane
    at least be on `machine`.
    """

    limit: int = 50
    after: str | None = None
    q: str | None = None
    tag: str | None = None
    state: RunState | None = None
    kind: str | None = None
    machine: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """A value that runs can be listed by, and how many runs have it."""

    value: str
    runs: int


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """The commonest values first, at most `MOST` of each."""

    states: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    tags: tuple[Choice, ...]
    machines: tuple[Choice, ...]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the `after` of the next page, null at the end."""

    runs: tuple[RunRow, ...]
    next: str | None


class Index:
    """All calls block, and take their turn; use them from a thread.

    A file that is no index is put aside as `<name>.bad-<hex>`, and `stale` then says that
    everything must be read again (`reindex.rebuild`).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self.stale = not path.exists()
        self._base = self._open()

    def put(self, metadata: RunMetadata, summary: RunSummary | None) -> None:
        """Add a run, or replace what is known of it."""
        self.put_all([(metadata, summary)])

    def put_all(self, entries: Iterable[Entry]) -> None:
        """Add or replace runs in one transaction."""
        made = [row(metadata, summary) for metadata, summary in entries]

        def write(base: sqlite3.Connection) -> None:
            for each in made:
                base.execute(_FORGET_MARKS, (each.run_id,))
                base.execute(
                    "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)",
                    (
                        sort_key(each),
                        each.run_id,
                        each.state,
                        searched(each),
                        msgspec.json.encode(each),
                    ),
                )
                base.executemany(
                    "INSERT OR IGNORE INTO marks VALUES (?, ?, ?)",
                    [(what, mark, sort_key(each)) for what, mark in _marks(each)],
                )

        self._do(write)

    def remove(self, run_ids: Sequence[str]) -> None:
        """Forget runs; those that are not known are no error."""
        ids = [(each,) for each in run_ids]

        def write(base: sqlite3.Connection) -> None:
            base.executemany(_FORGET_MARKS, ids)
            base.executemany("DELETE FROM runs WHERE run_id = ?", ids)

        self._do(write)

    def page(self, query: Query) -> Page:
        """List runs, newest first."""
        limit = max(1, min(query.limit, MOST))
        text, values = _select(query, limit + 1)
        rows = self._do(lambda base: base.execute(text, values).fetchall())
        found = tuple(msgspec.json.decode(data, type=RunRow) for (data,) in rows[:limit])
        return Page(runs=found, next=found[-1].run_id if len(rows) > limit else None)

    def choices(self) -> Choices:
        """Give what runs can be listed by."""

        def read(base: sqlite3.Connection) -> dict[str, tuple[Choice, ...]]:
            return {
                what: tuple(Choice(*found) for found in base.execute(text))
                for what, text in _CHOICES.items()
            }

        made = self._do(read)
        return Choices(
            states=made["state"], kinds=made["kind"], tags=made["tag"], machines=made["machine"]
        )

    def states(self) -> dict[str, RunState]:
        """Give the state of every run that is known."""
        rows = self._do(lambda base: base.execute("SELECT run_id, state FROM runs").fetchall())
        return {run_id: RunState(state) for run_id, state in rows}

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        with self._turn:
            self._base.close()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._turn:
            try:
                with self._base:
                    return work(self._base)
            except sqlite3.OperationalError as error:
                raise _failure(self._path, error) from error
            except sqlite3.DatabaseError:
                self._replace()
                with self._base:
                    return work(self._base)

    def _replace(self) -> None:
        self._base.close()
        _put_aside(self._path)
        self.stale = True
        self._base = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.OperationalError as error:
            raise _failure(self._path, error) from error
        except sqlite3.DatabaseError:
            _put_aside(self._path)
            self.stale = True
            return _connect(self._path)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.failure(path.parent, error) from error
    base = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        (version,) = base.execute("PRAGMA user_version").fetchone()
        if version == 0:
            base.executescript(_SCHEMA)
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"the index has version {version}")
        if base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the index is damaged")
    except BaseException:
        base.close()
        raise
    return base


def _marks(each: RunRow) -> Iterator[tuple[str, str]]:
    yield "kind", each.kind
    for tag in each.tags:
        yield "tag", tag
    for lane in each.lanes:
        yield "machine", lane.machine_id


def _select(query: Query, limit: int) -> tuple[str, list[Any]]:
    # The first mark leads: in its order the page's rows alone are read.
    wanted = (("tag", query.tag), ("machine", query.machine), ("kind", query.kind))
    marks = [(what, mark) for what, mark in wanted if mark is not None]
    text, key = "SELECT row FROM runs", "runs.key"
    where: list[str] = []
    values: list[Any] = []
    for number, (what, mark) in enumerate(marks):
        if number == 0:
            # CROSS JOIN holds SQLite to this order.
            text = "SELECT row FROM marks AS first CROSS JOIN runs USING (key)"
            key = "first.key"
            where.append("first.what = ? AND first.mark = ?")
        else:
            where.append("(?, ?, runs.key) IN (SELECT what, mark, key FROM marks)")
        values += [what, mark]
    if query.after is not None:
        # One that was deleted meanwhile still says the second.
        where.append(f"{key} < COALESCE((SELECT key FROM runs WHERE run_id = ?), ?)")
        values += [query.after, query.after]
    if query.state is not None:
        where.append("state = ?")
        values.append(query.state.value)
    for word in (query.q or "").lower().split()[:16]:
        where.append("instr(searched, ?)")
        values.append(word)
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    return f"{text}{clause} ORDER BY {key} DESC LIMIT ?", [*values, limit]


def _put_aside(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.bad-{secrets.token_hex(3)}"))
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _failure(path: Path, error: sqlite3.OperationalError) -> BenchraceError:
    full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
    category = Category.DISK_FULL if full else Category.SYSTEM
    return BenchraceError(category, f"{path}: {error}")
