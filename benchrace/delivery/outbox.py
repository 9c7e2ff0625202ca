"""The outbox: requests on disk until they arrive, in the order of each destination."""

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from benchrace import permissions, structs
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic

T = TypeVar("T")
_VERSION = 1
_SCHEMA = f"""
BEGIN;
CREATE TABLE destinations (destination TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, subject TEXT NOT NULL, event TEXT NOT NULL,
  url TEXT NOT NULL, destination TEXT NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL,
  queued_at REAL NOT NULL, since REAL NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  next_at REAL NOT NULL, tried_at REAL, status INTEGER, reason TEXT
);
CREATE INDEX pending ON deliveries (destination, sequence) WHERE state = 'pending';
CREATE INDEX by_subject ON deliveries (subject);
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DeliveryState(StrEnum):
    """`refused`: by the receiver or the URL policy. `given_up`: it failed for too long."""

    PENDING = "pending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A request to make: `key` is new for each, and the same however often it is sent.

    `subject` is what it tells of, such as a job's id.
    """

    key: str
    subject: str
    event: str
    url: str
    destination: str
    body: bytes


class Delivery(NewDelivery, frozen=True, kw_only=True):
    """A request in the outbox; `sequence` counts those of its destination. Times are wall seconds.

    `since` is when it was queued, or when a person last asked for it to be tried again. `status` is
    the HTTP status of the last answer, `reason` why the last try failed.
    """

    id: int
    sequence: int
    queued_at: float
    since: float
    state: DeliveryState
    attempts: int
    next_at: float
    tried_at: float | None
    status: int | None
    reason: str | None


_FIELDS = ", ".join(Delivery.__struct_fields__)


class Outbox:
    """Requests in a file; every method blocks, and what it wrote is synced when it returns.

    Raises `disk_full` or `system` where the disk refuses. A damaged file is kept beside a new one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._base = self._open()

    def add(self, deliveries: Iterable[NewDelivery], now_s: float) -> int:
        """Queue what is not in the outbox by its key, in this order; return how many were new."""

        def work(base: sqlite3.Connection) -> int:
            return sum(_insert(base, delivery, now_s) for delivery in deliveries)

        return self._do(work)

    def heads(self) -> tuple[Delivery, ...]:
        """Return the oldest request of each destination: the others wait for it."""
        query = (
            f"SELECT {_FIELDS} FROM deliveries AS one WHERE state = 'pending' AND sequence = ("
            "SELECT min(sequence) FROM deliveries AS other"
            " WHERE other.destination = one.destination AND other.state = 'pending')"
        )
        return self._read(query)

    def tried(
        self,
        delivery: Delivery,
        state: DeliveryState,
        now_s: float,
        *,
        status: int | None,
        reason: str | None,
        next_at: float = 0.0,
    ) -> None:
        """Note the outcome of a try."""
        self._do(
            lambda base: base.execute(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, tried_at = ?,"
                " status = ?, reason = ?, next_at = ? WHERE id = ?",
                (state.value, now_s, status, reason, next_at, delivery.id),
            )
        )

    def retry(self, now_s: float, *, ids: Sequence[int] = (), subject: str | None = None) -> int:
        """Try again now what is pending, refused or given up; all, or those named. Count them."""
        chosen = "state != 'delivered'"
        values: list[object] = [now_s, now_s]
        if ids:
            chosen += f" AND id IN ({', '.join('?' * len(ids))})"
            values += ids
        if subject is not None:
            chosen += " AND subject = ?"
            values.append(subject)
        update = "UPDATE deliveries SET state = 'pending', attempts = 0, since = ?, next_at = ?"
        return self._do(lambda base: base.execute(f"{update} WHERE {chosen}", values).rowcount)

    def of(self, subject: str) -> tuple[Delivery, ...]:
        """Return the requests about something, the oldest first."""
        return self._read(
            f"SELECT {_FIELDS} FROM deliveries WHERE subject = ? ORDER BY id", (subject,)
        )

    def latest(self, limit: int) -> tuple[Delivery, ...]:
        """Return requests: those that have not arrived before the others, the newest first."""
        order = "ORDER BY state = 'delivered', id DESC LIMIT ?"
        return self._read(f"SELECT {_FIELDS} FROM deliveries {order}", (limit,))

    def is_pending(self, subject: str) -> bool:
        """Check whether a request about something is still to be made."""
        query = "SELECT 1 FROM deliveries WHERE subject = ? AND state = 'pending' LIMIT 1"
        return self._do(lambda base: base.execute(query, (subject,)).fetchone() is not None)

    def has(self, keys: Sequence[str]) -> bool:
        """Check whether all these keys were queued."""
        query = f"SELECT count(*) FROM deliveries WHERE key IN ({', '.join('?' * len(keys))})"
        return self._do(lambda base: bool(base.execute(query, keys).fetchone() == (len(keys),)))

    def forget(self, keep: Iterable[str]) -> None:
        """Remove what is over and tells of nothing in `keep`, and the counts of what is gone."""

        def work(base: sqlite3.Connection) -> None:
            subjects = {row[0] for row in base.execute("SELECT DISTINCT subject FROM deliveries")}
            gone = [(subject,) for subject in subjects - set(keep)]
            base.executemany(
                "DELETE FROM deliveries WHERE subject = ? AND state != 'pending'", gone
            )
            base.execute(
                "DELETE FROM destinations WHERE destination NOT IN"
                " (SELECT destination FROM deliveries)"
            )

        self._do(work)

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._base.close()

    def _read(self, query: str, values: Sequence[object] = ()) -> tuple[Delivery, ...]:
        names = Delivery.__struct_fields__

        def work(base: sqlite3.Connection) -> tuple[Delivery, ...]:
            rows = base.execute(query, values)
            return tuple(
                structs.convert(dict(zip(names, row, strict=True)), Delivery) for row in rows
            )

        return self._do(work)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._turn:
            try:
                with self._base:
                    return work(self._base)
            except sqlite3.Error as error:
                raise _failure(self._path, error) from error

    def _open(self) -> sqlite3.Connection:
        try:
            permissions.create(self._path)
            try:
                return _connect(self._path)
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF not in _DAMAGED:
                    raise
                self._path.replace(self._path.with_name(f"{self._path.name}.bad"))
                permissions.create(self._path)
                return _connect(self._path)
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error
        except OSError as error:
            raise atomic.failure(self._path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, check_same_thread=False)
    try:
        # Not the journal beside the file: it needs locks that network file systems lack.
        base.execute("PRAGMA synchronous = EXTRA")
        if sys.platform == "darwin":
            base.execute("PRAGMA fullfsync = ON")
        version = base.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            base.executescript(_SCHEMA)
        elif version == _VERSION:
            _check(base)
        else:
            raise BenchraceError(
                Category.SYSTEM,
                f"{path} has version {version}, but this benchrace uses version {_VERSION}",
                "Install the newer benchrace again, or move the file away.",
            )
    except BaseException:
        base.close()
        raise
    return base


def _check(base: sqlite3.Connection) -> None:
    """Read all of the file: damage in its middle would be met one day in each request."""
    (problem,) = base.execute("PRAGMA quick_check(1)").fetchone()
    if problem != "ok":
        error = sqlite3.DatabaseError(problem)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _insert(base: sqlite3.Connection, delivery: NewDelivery, now_s: float) -> int:
    if base.execute("SELECT 1 FROM deliveries WHERE key = ?", (delivery.key,)).fetchone():
        return 0
    (sequence,) = base.execute(
        "INSERT INTO destinations VALUES (?, 1)"
        " ON CONFLICT (destination) DO UPDATE SET last = last + 1 RETURNING last",
        (delivery.destination,),
    ).fetchone()
    values = {
        **msgspec.structs.asdict(delivery),
        "sequence": sequence,
        "queued_at": now_s,
        "since": now_s,
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "next_at": now_s,
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    base.execute(f"INSERT INTO deliveries ({names}) VALUES ({marks})", list(values.values()))
    return 1


def _failure(path: Path, error: sqlite3.Error) -> BenchraceError:
    code = getattr(error, "sqlite_errorcode", None)
    full = code is not None and code & 0xFF == sqlite3.SQLITE_FULL
    return BenchraceError(Category.DISK_FULL if full else Category.SYSTEM, f"{path}: {error}")
