"""One operation on an engine, from its start to its end, with what it has said."""

import secrets
import time
from collections import deque
from typing import Any

import anyio

from benchrace.agent.beacon import Beacon
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.link.operations import OperationEvent, OperationState, OperationStatus
from benchrace.plugin.operations import Operation
from benchrace.run.control import Noted, Progressed

_KEPT = 500
# An answer travels as one message of the link.
_SHOWN = 100


class RunningOperation:
    """Ended by cancelling `scope`; `begun` once its worker may have done something."""

    def __init__(
        self,
        machine_id: str,
        backend: str,
        operation: Operation,
        models: tuple[str, ...],
        changed: Beacon,
    ) -> None:
        self.operation_id = f"op-{secrets.token_hex(8)}"
        self.machine_id = machine_id
        self.backend = backend
        self.operation = operation
        self.models = models
        self.scope = anyio.CancelScope()
        self.begun = False
        self._changed = changed
        self._own = Beacon()
        self._events: deque[OperationEvent] = deque(maxlen=_KEPT)
        self._count = 0
        self._model: str | None = None
        self._results: list[Any] = []
        self._state = OperationState.RUNNING
        self._failure: Failure | None = None
        self._started_at = time.time()
        self._ended_at: float | None = None

    @property
    def running(self) -> bool:
        return self._state is OperationState.RUNNING

    @property
    def words(self) -> str:
        """What it is, for people who have to wait for it."""
        return f"the {self.operation.value} of {self.backend} ({self.operation_id})"

    def is_same(self, backend: str, operation: Operation, models: tuple[str, ...]) -> bool:
        """Tell whether it is what somebody asks for."""
        return (backend, operation, models) == (self.backend, self.operation, self.models)

    def about(self, model: str | None) -> None:
        """Say which model comes next."""
        self._model = model

    def hear(self, said: Progressed | Noted) -> None:
        """Keep what the worker says."""
        match said:
            case Progressed(done=done, total=total, unit=unit):
                self._keep(done=done, total=total, unit=unit)
            case Noted(level=level, message=message):
                self._keep(level=level, message=message)

    def add(self, result: Any) -> None:
        """Keep what the backend answered."""
        self._results.append(result)

    def end(self) -> None:
        """It is over: done, or cancelled by a person."""
        if self.scope.cancelled_caught:
            self.fail(BenchraceError(Category.CANCELLED, f"{self.words} was cancelled"))
            return
        self._state = OperationState.DONE
        self._over()

    def fail(self, error: BenchraceError) -> None:
        """It is over, and did not succeed."""
        self._state, self._failure = OperationState.FAILED, error.failure()
        self._over()

    async def ended(self) -> None:
        """Wait for its end."""
        while self.running:
            await self._own.wait(self._own.count)

    async def news(self, since: int, wait_s: float) -> None:
        """Wait for an event from `since` on, or the end, for `wait_s` at most."""
        with anyio.move_on_after(wait_s):
            while self.running and self._count <= since:
                await self._own.wait(self._own.count)

    def result(self) -> Any:
        """Give the only answer; raises what it failed by."""
        if self._failure is not None:
            raise BenchraceError.of(self._failure)
        return self._results[0]

    def status(self, since: int = 0) -> OperationStatus:
        """Describe it, with its events from `since` on."""
        kept = [each for each in self._events if each.seq >= since][:_SHOWN]
        return OperationStatus(
            operation_id=self.operation_id,
            machine_id=self.machine_id,
            backend=self.backend,
            operation=self.operation,
            models=self.models,
            state=self._state,
            started_at=self._started_at,
            ended_at=self._ended_at,
            results=tuple(self._results),
            failure=self._failure,
            events=tuple(kept),
            next=kept[-1].seq + 1 if kept else self._count,
        )

    def _keep(self, **said: Any) -> None:
        self._events.append(
            OperationEvent(seq=self._count, timestamp_s=time.time(), model=self._model, **said)
        )
        self._count += 1
        self._flash()

    def _over(self) -> None:
        self._ended_at = time.time()
        self._flash()

    def _flash(self) -> None:
        self._own.flash()
        self._changed.flash()
