"""The index of runs: derived from their folders, for lists and searches. It may be lost."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary
from benchrace.store.database import Database
from benchrace.store.query import CONTINUES, MAX_ROWS, SERIES, Query, select, select_series
from benchrace.store.run_row import RunRow, build_row, columns, searched, sort_key

Entry = tuple[RunMetadata, RunSummary | None]
_FORGET_MARKS = "DELETE FROM marks WHERE key IN (SELECT key FROM runs WHERE run_id = ?)"
_MARKED = "SELECT mark, count(*) FROM marks WHERE what = '{}' GROUP BY mark"
_COUNTED = {
    "state": "SELECT state, count(*) FROM runs GROUP BY state",
    **{what: _MARKED.format(what) for what in ("kind", "tag", "machine")},
}
_CHOICES = {what: f"{text} ORDER BY 2 DESC, 1 LIMIT {MAX_ROWS}" for what, text in _COUNTED.items()}


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


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The newest run of a series, and how many there are."""

    newest: RunRow
    runs: int


class SeriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the `after` of the next page, null at the end."""

    series: tuple[Series, ...]
    next: str | None


class Index:
    """All calls block, and take their turn; use them from a thread.

    A failure of the file reaches nobody who lists or changes runs: see `Database`. `changes` rises
    with every change, for those who keep what they made of the rows.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self.changes = 0

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
        self.changes += 1

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
        self.changes += 1

    def remove(self, run_ids: Sequence[str]) -> None:
        """Remove runs; unknown ones are ignored."""
        ids = [(run_id,) for run_id in run_ids]

        def write(base: sqlite3.Connection) -> None:
            base.executemany(_FORGET_MARKS, ids)
            base.executemany("DELETE FROM runs WHERE run_id = ?", ids)

        self._database.do(write)
        self.changes += 1

    def page(self, query: Query) -> Page:
        """List runs."""
        limit = max(1, min(query.limit, MAX_ROWS))
        text, values = select(query, limit + 1)
        rows = self._database.do(lambda base: base.execute(text, values).fetchall())
        rows_ = tuple(structs.decode(data, RunRow) for (data,) in rows[:limit])
        return Page(runs=rows_, next=rows_[-1].run_id if len(rows) > limit else None)

    def series(self, query: Query) -> SeriesPage:
        """List the series of the runs that a query selects, in the order of their newest runs."""
        limit = max(1, min(query.limit, MAX_ROWS))
        text, values = select_series(query, limit + 1)
        rows = self._database.do(lambda base: base.execute(text, values).fetchall())
        series = tuple(
            Series(newest=structs.decode(data, RunRow), runs=runs) for data, runs in rows[:limit]
        )
        following = series[-1].newest.run_id if len(rows) > limit else None
        return SeriesPage(series=series, next=following)

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
    yield SERIES, row.series
    if row.continues is not None:
        yield CONTINUES, row.continues
    for tag in row.tags:
        yield "tag", tag
    # Machines without a lane of their own work for one of another.
    used = (*(lane.machine_id for lane in row.lanes), *(one.machine_id for one in row.machines))
    for machine_id in used:
        yield "machine", machine_id
