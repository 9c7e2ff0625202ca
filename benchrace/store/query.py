"""Which runs the index lists, in which order, and the SQL of it."""

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from benchrace.run.states import RunState

MAX_ROWS = 500
SERIES = "series"
CONTINUES = "continues"


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
    at least be on `machine`. `series` is that of a row; `continues` is the ID of a run that others
    repeat with more rounds. Runs without a value in the column of
    `sort` come last.
    """

    limit: int = 50
    after: str | None = None
    q: str | None = None
    tag: str | None = None
    state: RunState | None = None
    kind: str | None = None
    machine: str | None = None
    series: str | None = None
    continues: str | None = None
    sort: Sort = Sort.CREATED
    order: Direction = Direction.DESCENDING


class _Filter(NamedTuple):
    """A selection as SQL: its tables, its conditions, and the column that has the keys."""

    tables: str
    key: str
    where: list[str]
    values: list[Any]

    def select(self, what: str) -> str:
        clause = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        return f"SELECT {what} FROM {self.tables}{clause}"


def select(query: Query, limit: int) -> tuple[str, list[Any]]:
    """Return the SQL that selects rows, with its values."""
    chosen = _filter(query)
    ordered, following = _order(query, chosen.key)
    if query.after is not None:
        chosen.where.append(following)
        chosen.values.extend([query.after, query.after])
    return f"{chosen.select('row')} ORDER BY {ordered} LIMIT ?", [*chosen.values, limit]


def select_series(query: Query, limit: int) -> tuple[str, list[Any]]:
    """Return the SQL that selects the newest row of each series, and the number of its runs."""
    chosen = _filter(query)
    ordered, following = _order(query, "runs.key")
    where, values = "", [*chosen.values, SERIES]
    if query.after is not None:
        where = f" WHERE {following}"
        values += [query.after, query.after]
    newest = (
        "SELECT max(marks.key) AS key, count(*) AS number "
        "FROM marks JOIN chosen USING (key) WHERE what = ? GROUP BY mark"
    )
    tables = (
        f"WITH chosen AS MATERIALIZED ({chosen.select(f'{chosen.key} AS key')}), "
        f"newest AS MATERIALIZED ({newest})"
    )
    rows = f"SELECT row, number FROM newest CROSS JOIN runs USING (key){where}"
    return f"{tables} {rows} ORDER BY {ordered} LIMIT ?", [*values, limit]


def _filter(query: Query) -> _Filter:
    # The first mark leads: in its order the page's rows alone are read.
    wanted = (
        (CONTINUES, query.continues),
        (SERIES, query.series),
        ("tag", query.tag),
        ("machine", query.machine),
        ("kind", query.kind),
    )
    marks = [(what, mark) for what, mark in wanted if mark is not None]
    chosen = _Filter("runs", "runs.key", [], [])
    for number, (what, mark) in enumerate(marks):
        if number == 0:
            # CROSS JOIN holds SQLite to this order.
            tables = "marks AS first CROSS JOIN runs USING (key)"
            chosen = _Filter(tables, "first.key", ["first.what = ? AND first.mark = ?"], [])
        else:
            chosen.where.append("(?, ?, runs.key) IN (SELECT what, mark, key FROM marks)")
        chosen.values.extend([what, mark])
    if query.state is not None:
        chosen.where.append("state = ?")
        chosen.values.append(query.state.value)
    for word in (query.q or "").lower().split()[:16]:
        chosen.where.append("instr(searched, ?)")
        chosen.values.append(word)
    return chosen


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
