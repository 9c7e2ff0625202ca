"""One operation on an engine, with its state, events and results."""

import secrets
import time
from collections import deque
from typing import Any

import anyio

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.notifier import Notifier
from benchrace.plugin.assets import Asset
from benchrace.plugin.lending import Lending, Lent
from benchrace.plugin.operations import Operation
from benchrace.protocol.agent_worker import Listening, Noted, Progressed, Update
from benchrace.protocol.operations import OperationEvent, OperationState, OperationStatus

_MAX_EVENTS = 500
# An answer travels as one message of the link.
_MAX_EVENTS_SENT = 100


class RunningOperation:
    """`begun` once its worker may have done something.

    `followed_at` is the time, by the loop's clock, at which central last asked how it stands.
    """

    def __init__(
        self,
        machine_id: str,
        backend: str,
        operation: Operation,
        models: tuple[str, ...],
        changed: Notifier,
        assets: tuple[Asset, ...] = (),
        lending: Lending | None = None,
    ) -> None:
        self.operation_id = f"op-{secrets.token_hex(8)}"
        self.machine_id = machine_id
        self.backend = backend
        self.operation = operation
        self.models = models
        self._assets = assets
        self._lending = lending
        self._lent: Lent | None = None
        self._why_cancelled: BenchraceError | None = None
        self.followed_at = anyio.current_time()
        self.scope = anyio.CancelScope()
        self.begun = False
        self._changed = changed
        self._own = Notifier()
        self._events: deque[OperationEvent] = deque(maxlen=_MAX_EVENTS)
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
        """A short description, for people who have to wait for it."""
        return f"the {self.operation.value} of {self.backend} ({self.operation_id})"

    def is_same(
        self,
        backend: str,
        operation: Operation,
        models: tuple[str, ...],
        assets: tuple[Asset, ...] = (),
        lending: Lending | None = None,
    ) -> bool:
        """Check whether this is the requested operation; a lend is by its run and lane alone."""
        own = (self.backend, self.operation, self.models, self._assets, _place(self._lending))
        return (backend, operation, models, assets, _place(lending)) == own

    @property
    def is_cancelled(self) -> bool:
        """Check whether it is ending because it was cancelled."""
        return self.scope.cancel_called

    def note_follower(self) -> None:
        """Note that central asks how it stands."""
        self.followed_at = anyio.current_time()

    def cancel(self, why: BenchraceError | None = None) -> None:
        """End it; without `why` a person, or central, has cancelled it."""
        self._why_cancelled = self._why_cancelled or why
        self.scope.cancel()

    def about(self, model: str | None) -> None:
        """Set the model that the next events are about."""
        self._model = model

    def record(self, update: Update) -> None:
        """Record what the worker reports."""
        match update:
            case Progressed(done=done, total=total, unit=unit):
                self._add_event(done=done, total=total, unit=unit)
            case Noted(level=level, message=message):
                self._add_event(level=level, message=message)
            case Listening(lent=lent):
                self._lent = lent
                self._add_event(level="info", message=f"listens at {lent.endpoint}")

    def add(self, result: Any) -> None:
        """Record what the backend answered."""
        self._results.append(result)

    def end(self) -> None:
        """Mark the operation as done, or as cancelled by a person."""
        if self.scope.cancelled_caught:
            cancelled = BenchraceError(Category.CANCELLED, f"{self.words} was cancelled")
            self.fail(self._why_cancelled or cancelled)
            return
        self._state = OperationState.DONE
        self._over()

    def fail(self, error: BenchraceError) -> None:
        """Mark the operation as failed."""
        self._state, self._failure = OperationState.FAILED, error.failure()
        self._over()

    async def ended(self) -> None:
        """Wait for its end."""
        while self.running:
            await self._own.wait()

    async def news(self, since: int, wait_s: float) -> None:
        """Wait for an event from `since` on, or the end, for `wait_s` at most."""
        with anyio.move_on_after(wait_s):
            while self.running and self._count <= since:
                await self._own.wait()

    def result(self) -> Any:
        """Return the only result; raises the operation's failure."""
        if self._failure is not None:
            raise BenchraceError.of(self._failure)
        return self._results[0]

    def unsuccessful(self) -> BenchraceError | None:
        """Return what a start or a reset reported where its engine does not answer."""
        for result in self._results:
            if isinstance(result, dict) and False in (result.get("ok"), result.get("healthy")):
                notes = "; ".join(map(str, result.get("notes") or ())) or "it does not respond"
                return BenchraceError(Category.UNREACHABLE, notes, "Check the engine's log.")
        return None

    def status(self, since: int = 0) -> OperationStatus:
        """Describe it, with its events from `since` on."""
        events = [event for event in self._events if event.seq >= since][:_MAX_EVENTS_SENT]
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
            events=tuple(events),
            next=events[-1].seq + 1 if events else self._count,
            lent=self._lent,
        )

    def _add_event(self, **fields: Any) -> None:
        self._events.append(
            OperationEvent(seq=self._count, timestamp_s=time.time(), model=self._model, **fields)
        )
        self._count += 1
        self._notify()

    def _over(self) -> None:
        self._ended_at = time.time()
        self._notify()

    def _notify(self) -> None:
        self._own.notify()
        self._changed.notify()


def _place(lending: Lending | None) -> tuple[str, str] | None:
    return None if lending is None else (lending.run_id, lending.lane_id)
