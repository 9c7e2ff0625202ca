"""People who watch: six that read all, one that never reads, and one that keeps leaving."""

import contextlib
import socket
import threading
import time

from benchmarks.simulated_fleet import Central
from benchmarks.soak_parts.goals import Goal
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.run_events import Lines, RunEvents, Snapshot
from benchrace.errors import BenchraceError

READING = 6
_AWAY_S = 0.2


class Viewers:
    """Threads that follow the race that `follow` names, until they are left."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self._run_id: str | None = None
        self._changed = threading.Condition()
        self._stopped = False
        self._seen: list[tuple[str, bytes]] = []
        self._lost: list[str] = []
        work = [*[self._read] * READING, self._never_read, self._keep_leaving]
        self._threads = [threading.Thread(target=target, daemon=True) for target in work]

    def __enter__(self) -> "Viewers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads[:READING]:
            thread.join(30)

    def follow(self, run_id: str) -> None:
        """Show everybody another race; who has not seen the end of the last one reads on first."""
        with self._changed:
            self._run_id = run_id
            self._changed.notify_all()

    def goals(self) -> list[Goal]:
        """Compare what was seen with what is stored: late lines may have been added since."""
        logs = self._central.data / "runs"
        other = sum(
            not (logs / run / "events.ndjson").read_bytes().startswith(seen)
            for run, seen in self._seen
        )
        return [
            Goal("races seen by viewers", f"{len(self._seen)}", "", None),
            Goal("seen otherwise than stored", f"{other}", "0", other == 0),
            Goal("viewers that lost a race", f"{len(self._lost)}", "0", not self._lost),
        ]

    def _next(self, before: str | None) -> str | None:
        """Wait for another race than `before`; None at the end."""
        with self._changed:
            while not self._stopped and self._run_id == before:
                self._changed.wait()
            return None if self._stopped else self._run_id

    def _read(self) -> None:
        run_id: str | None = None
        while (run_id := self._next(run_id)) is not None:
            seen = b""
            try:
                with Client(self._central.url) as client:
                    for piece in RunEvents(client, run_id, lambda: False):
                        if isinstance(piece, Snapshot):
                            seen = b""
                        elif isinstance(piece, Lines):
                            seen += piece.data
            except BenchraceError as error:
                self._lost.append(f"{run_id}: {error.message}")
            else:
                self._seen.append((run_id, seen))

    def _never_read(self) -> None:
        run_id: str | None = None
        while (run_id := self._next(run_id)) is not None:
            connection = self._open(run_id)
            if connection is not None:
                with connection:
                    self._next(run_id)

    def _keep_leaving(self) -> None:
        while not self._stopped:
            connection = None if self._run_id is None else self._open(self._run_id)
            if connection is not None:
                with connection, contextlib.suppress(OSError):
                    connection.recv(1)
            time.sleep(_AWAY_S)

    def _open(self, run_id: str) -> socket.socket | None:
        """Ask for the events of a race; None while central is away."""
        try:
            connection = socket.create_connection(("127.0.0.1", self._central.port), 5)
            head = (
                f"GET /api/runs/{run_id}/events HTTP/1.1\r\n"
                f"Host: 127.0.0.1:{self._central.port}\r\nAccept: text/event-stream\r\n\r\n"
            )
            connection.sendall(head.encode())
        except OSError:
            return None
        return connection
