"""The slot that one measurement at a time holds, and the tasks that yield to it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio

from benchrace.agent.host_lock import HostLock
from benchrace.errors import BenchraceError, Category, FieldError
from benchrace.notifier import Notifier

_TRIES = 5


class Busy(BenchraceError):
    """Something measures; `job_id` names it where it is this agent's."""

    def __init__(self, job_id: str | None, words: str) -> None:
        fields = () if job_id is None else (FieldError("job_id", job_id),)
        super().__init__(Category.BUSY, words, fields=fields)
        self.job_id = job_id


class Slot:
    """Held by one job at a time; probes and preflight run aside, and end when a job comes.

    `used` is set when it has been released for the first time, `released` notifies each time.
    """

    def __init__(self, machine_id: str, lock: HostLock | None) -> None:
        self._machine_id = machine_id
        self._host = () if lock is None else (lock,)
        self._held: list[HostLock] = []
        self._aside: set[anyio.CancelScope] = set()
        self._changed = Notifier()
        self.used = anyio.Event()
        self.released = Notifier()
        self.job_id: str | None = None
        self._operation: str | None = None

    @property
    def lock_fds(self) -> tuple[int, ...]:
        """The locks that are held, for the worker to inherit."""
        return tuple(lock.fd for lock in self._held if lock.fd is not None)

    def refuse_if_busy(self) -> None:
        """Raise Busy while a job, or an operation on an engine, holds the slot."""
        if self._operation is not None:
            raise Busy(None, f"{self._operation} is running on {self._machine_id}")
        if self.job_id is not None:
            raise Busy(self.job_id, f"job {self.job_id} is running on {self._machine_id}")

    async def take(
        self, job_id: str, operation: str | None = None, gpus: Sequence[HostLock] = ()
    ) -> None:
        """Acquire the slot, the locks of host and GPUs, and end what runs aside; raises Busy.

        `operation` names in words what is not a job and may not meet one.
        """
        self.refuse_if_busy()
        self.job_id, self._operation = job_id, operation
        try:
            for scope in self._aside:
                scope.cancel()
            for lock in (*self._host, *gpus):
                await self._take(lock, job_id)
            while self._aside:
                await self._changed.wait()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Free the slot, and the host for its other agents."""
        self.job_id = self._operation = None
        while self._held:
            self._held.pop().release()
        self.used.set()
        self.released.notify()
        self._changed.notify()

    async def free(self) -> None:
        """Wait until no job and no operation holds the slot."""
        while self.job_id is not None or self._operation is not None:
            await self._changed.wait()

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Do something that must not disturb a measurement; raises Busy, also in the middle."""
        self.refuse_if_busy()
        scope = anyio.CancelScope()
        self._aside.add(scope)
        try:
            with scope:
                yield
        finally:
            self._aside.discard(scope)
            self._changed.notify()
        if scope.cancelled_caught:
            self.refuse_if_busy()
            raise Busy(None, "interrupted by a job")

    async def _take(self, lock: HostLock, job_id: str) -> None:
        doing = self._operation or f"job {job_id}"
        holder = f"{doing} of the agent {self._machine_id}"
        other = lock.take(holder)
        for _ in range(_TRIES):
            if other is None:
                break
            # A worker that was just killed lets go of the lock a moment later.
            await anyio.sleep(0.05)
            other = lock.take(holder)
        if other is not None:
            raise Busy(None, f"{lock.what} is already in use: {other}")
        self._held.append(lock)
