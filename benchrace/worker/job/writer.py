"""The only writer of a job's work stream: numbers, stamps and writes events at once."""

import threading
from collections.abc import Callable
from typing import Any

from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.events import (
    Event,
    JobCancelled,
    JobDone,
    JobError,
    JobTimeout,
    Stream,
    encode,
)
from benchrace.protocol.job import JobSpec
from benchrace.store.journal import Journal

Terminal = type[JobDone] | type[JobError] | type[JobTimeout] | type[JobCancelled]


class Writer:
    """Usable from any thread. `broken` holds the failure of a journal that took no more lines.

    After the end nothing is written: a late `emit` is dropped. `on_broken` runs once, in the
    thread whose line failed.
    """

    def __init__(
        self,
        journal: Journal,
        spec: JobSpec,
        *,
        clock: Clock,
        t0_ns: int,
        on_broken: Callable[[], None] = lambda: None,
    ) -> None:
        self.broken: BenchraceError | None = None
        self.ended = False
        self.on_broken = on_broken
        self._journal = journal
        self._spec = spec
        self._clock = clock
        self.t0_ns = t0_ns
        self._seq = 0
        self._lock = threading.Lock()

    def emit(
        self,
        event: type[Event],
        payload: object,
        *,
        lane_id: str | None = None,
        round_: int | None = None,
    ) -> None:
        """Append one event. Raises `bad_output` when too long, and the failure of the journal."""
        with self._lock:
            if not self.ended:
                self._append(event, payload, lane_id, round_)

    def end(self, event: Terminal, payload: object, *, wait_s: float = -1) -> bool:
        """Append the last event and sync; false where there is one already, or no way to write.

        `wait_s` bounds the wait for a thread that is writing, -1 for no bound.
        """
        if not self._lock.acquire(timeout=wait_s):
            return False
        try:
            if self.ended or self.broken is not None:
                return False
            self._append(event, payload, None, None)
            self.ended = True
            self._journal.sync()
        finally:
            self._lock.release()
        return True

    def sync(self) -> None:
        """Make all lines so far survive a power loss; never called inside a round."""
        try:
            self._journal.sync()
        except BenchraceError as error:
            self._break(error)

    def check(self) -> None:
        """Raise the journal's failure, if it has one."""
        if self.broken is not None:
            raise self.broken

    def _append(
        self, event: type[Event], payload: object, lane_id: str | None, round_: int | None
    ) -> None:
        self.check()
        fields: dict[str, Any] = {"payload": payload}
        line = encode(
            event(
                run_id=self._spec.run_id,
                job_id=self._spec.job_id,
                machine_id=self._spec.machine_id,
                lane_id=lane_id,
                round=round_,
                stream=Stream.WORK,
                seq=self._seq,
                t_ns=self._clock.monotonic_ns() - self.t0_ns,
                timestamp_s=self._clock.wall_s(),
                **fields,
            )
        )
        try:
            self._journal.append(line)
        except BenchraceError as error:
            self._break(error)
        self._seq += 1

    def _break(self, error: BenchraceError) -> None:
        if self.broken is None:
            self.broken = error
            self.on_broken()
        raise error
