"""A run's log as it grows at a central, over lost connections too."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchrace.cli.connect.client import Client
from benchrace.cli.connect.http import TransportError
from benchrace.cli.connect.sse import PING
from benchrace.errors import BenchraceError, Category

_RETRY_S = (0.2, 0.5, 1, 2, 2, 2, 5, 5, 5, 5)


class Snapshot(NamedTuple):
    """The log was cut: what was read so far is void, it begins anew."""


class Ping(NamedTuple):
    """Nothing new: central is alive."""


class Lines(NamedTuple):
    """Event lines as they stand in the log, each with its newline."""

    data: bytes


class RunEvents:
    """Iterate to the run's end; iterating again goes on where the last one was left.

    A central that is `gone` is not waited for.
    """

    def __init__(self, client: Client, run_id: str, gone: Callable[[], bool]) -> None:
        self._client = client
        self._gone = gone
        self._path = f"/api/runs/{run_id}/events"
        self._last: str | None = None
        self._over = False

    def __iter__(self) -> Iterator[Lines | Snapshot | Ping]:
        failures = 0
        while not self._over:
            try:
                for piece in self._read():
                    failures = 0
                    yield piece
            except (TransportError, BenchraceError) as error:
                if isinstance(error, BenchraceError) and error.category is not Category.UNREACHABLE:
                    raise
                if failures >= len(_RETRY_S) or self._gone():
                    raise self._client.unreachable(error) from error
            if not self._over:
                time.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1

    def _read(self) -> Iterator[Lines | Snapshot | Ping]:
        for message in self._client.stream(self._path, self._last):
            if message.event == "end":
                self._over = True
                return
            if message.event == PING:
                yield Ping()
            elif message.event == "snapshot":
                self._last = None
                yield Snapshot()
            elif message.data:
                # Recorded before the yield: a reader that stops here has consumed it.
                self._last = message.id or self._last
                yield Lines(b"".join(line + b"\n" for line in message.data))
