"""The index of runs: derived from their folders, for lists and searches. It may be lost."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from benchrace.errors import BenchraceError
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary
from benchrace.store.database import Database
from benchrace.store.run_row import RunRow, build_row, columns, searched, sort_key

Entry = tuple[RunMetadata, RunSummary | None]
MAX_ROWS = 500
_FORGET_MARKS = "DELETE FROM marks WHERE key IN (SELECT key FROM runs WHERE run_id = ?)"
_MARKED = "SELECT mark, count(*) FROM marks WHERE what = '{}' GROUP BY mark"
_COUNTED = {
    "state": "SELECT state, count(*) FROM runs GROUP BY state",
    **{what: _MARKED.format(what) for what in ("kind", "tag", "machine")},
}
_CHOICES = {what: f"{text} ORDER BY 2 DESC, 1 LIMIT {MAX_ROWS}" for what, text in _COUNTED.items()}


class Sort(StrEnum):
    """A column that runs are sorted by; `result` is by how much the first lane is ahead."""

    CREATED = "created"
    TITLE = "title"
    RESULT = "result"
    VALUE = "value"
    CONFIDENCE = "confidence"
    MACHINE = "machine"


class Direction(StrEnum):
    ASCENDING = "ascending"
    DESCENDING = "descending"


# Columns of the table `runs`.
_SORTED = {Sort.RESULT: "ratio"}


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list, at most `limit` of them: those that follow the run `after`.

    Every word of `q` must be found; `tag` and `state` must be equal, `kind` as well, and one lane
    at least be on `machine`. Runs without a value in the column of `sort` come last.
    """

    limit: int = 50
    after: str | None = None
    q: str | None = None
    tag: str | None = None
    state: RunState | None = None
    kind: str | None = None
    machine: str | None = None
    sort: Sort = Sort.CREATED
    order: Direction = Direction.DESCENDING


class Choice(msgspec.Struct, frozen=True):
    """A value that runs can be listed by, and how many runs have it."""

    value: str
    runs: int


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """The commonest values first, at most `MAX_ROWS` of each."""

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

    A failure of the file reaches nobody who lists or changes runs: see `Database`.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    @property
    def stale(self) -> bool:
        """Check whether runs may be missing, so that all must be read again (`reindex`)."""
        return self._database.stale

    @stale.setter
    def stale(self, value: bool) -> None:
        self._database.stale = value

    @property
    def trouble(self) -> BenchraceError | None:
        """Return why the index is in memory now; None while its file is used."""
        return self._database.trouble

    def restore(self) -> None:
        """Use the file again after a failure; raises where it still cannot be used."""
        self._database.restore()

    def put(self, metadata: RunMetadata, summary: RunSummary | None) -> None:
        """Add a run, or replace what is known of it."""
        self.put_all([(metadata, summary)])

    def put_all(self, entries: Iterable[Entry]) -> None:
        """Add or replace runs in one transaction.

        Nobody changes the index while `entries` are read, so that what they replace is older.
        """
        with self._database.turn():
            self._put_rows([build_row(metadata, summary) for metadata, summary in entries])

    def _put_rows(self, rows: Sequence[RunRow]) -> None:
        def write(base: sqlite3.Connection) -> None:
            for row in rows:
                base.execute(_FORGET_MARKS, (row.run_id,))
                base.execute(
                    "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        sort_key(row),
                        row.run_id,
                        row.state,
                        searched(row),
                        *columns(row),
                        msgspec.json.encode(row),
                    ),
                )
                base.executemany(
                    "INSERT OR IGNORE INTO marks VALUES (?, ?, ?)",
                    [(what, mark, sort_key(row)) for what, mark in _marks(row)],
                )

        self._database.do(write)

    def remove(self, run_ids: Sequence[str]) -> None:
        """Remove runs; unknown ones are ignored."""
        ids = [(run_id,) for run_id in run_ids]

        def write(base: sqlite3.Connection) -> None:
            base.executemany(_FORGET_MARKS, ids)
            base.executemany("DELETE FROM runs WHERE run_id = ?", ids)

        self._database.do(write)

    def page(self, query: Query) -> Page:
        """List runs."""
        limit = max(1, min(query.limit, MAX_ROWS))
        text, values = _select(query, limit + 1)
        rows = self._database.do(lambda base: base.execute(text, values).fetchall())
        rows_ = tuple(msgspec.json.decode(data, type=RunRow) for (data,) in rows[:limit])
        return Page(runs=rows_, next=rows_[-1].run_id if len(rows) > limit else None)

    def choices(self) -> Choices:
        """Return the values that runs can be filtered by."""

        def read(base: sqlite3.Connection) -> dict[str, tuple[Choice, ...]]:
            return {
                what: tuple(Choice(*values) for values in base.execute(text))
                for what, text in _CHOICES.items()
            }

        choices = self._database.do(read)
        return Choices(
            states=choices["state"],
            kinds=choices["kind"],
            tags=choices["tag"],
            machines=choices["machine"],
        )

    def states(self) -> dict[str, RunState]:
        """Return the state of every indexed run."""
        rows = self._database.do(
            lambda base: base.execute("SELECT run_id, state FROM runs").fetchall()
        )
        return {run_id: RunState(state) for run_id, state in rows}

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        self._database.close()


def _marks(row: RunRow) -> Iterator[tuple[str, str]]:
    yield "kind", row.kind
    for tag in row.tags:
        yield "tag", tag
    for lane in row.lanes:
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
    ordered, following = _order(query, key)
    if query.after is not None:
        where.append(following)
        values += [query.after, query.after]
    if query.state is not None:
        where.append("state = ?")
        values.append(query.state.value)
    for word in (query.q or "").lower().split()[:16]:
        where.append("instr(searched, ?)")
        values.append(word)
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    return f"{text}{clause} ORDER BY {ordered} LIMIT ?", [*values, limit]


def _order(query: Query, key: str) -> tuple[str, str]:
    """Return what to order by, and the condition that a run follows another, given twice."""
    down = query.order is Direction.DESCENDING
    way, beyond = ("DESC", "<") if down else ("ASC", ">")
    if query.sort is Sort.CREATED:
        # One that was deleted meanwhile still says the second.
        where = f"{key} {beyond} COALESCE((SELECT key FROM runs WHERE run_id = ?), ?)"
        return f"{key} {way}", where
    column = _SORTED.get(query.sort, query.sort.value)
    last = f"{column} IS {'NOT ' if down else ''}NULL"
    # A null compares with nothing; those without a value go by their key.
    keys = f"{last}, COALESCE({column}, 0), runs.key"
    where = f"({keys}) {beyond} (SELECT {keys} FROM runs WHERE run_id = COALESCE(?, ?))"
    return ", ".join(f"{part} {way}" for part in (last, f"COALESCE({column}, 0)", key)), where
