"""A round in a thread of its own: one that cannot be cancelled does not keep its test from ending.

A coroutine that is shielded, or a thread that does not check the flag, would hold up every task
group around it, and a call that blocks would hold up the event loop itself.
"""

import threading
from typing import Any

import anyio
import anyio.to_thread

from benchrace.plugin import Backend, Lane
from benchrace.testing.context import RecordingContext

# By then a round that is long is at work.
_AT_WORK_S = 0.1


class CancelledRound:
    """A round of an event loop in another thread, which is left alone if it does not end."""

    def __init__(self, backend: Backend, lane: Lane[Any], context: RecordingContext) -> None:
        self._backend = backend
        self._lane = lane
        self._context = context
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._closed = threading.Event()
        self._cancelled = threading.Event()
        self._error: BaseException | None = None

    def check(self, within_s: float) -> None:
        """Run the round, cancel it, and raise `AssertionError` unless it ends in time. Blocking."""
        threading.Thread(target=self._run, name="cancelled round", daemon=True).start()
        self._begun.wait()
        by_itself = self._ended.wait(_AT_WORK_S)
        self._raise_error()
        assert not by_itself, "the round ended by itself: make long_params longer"
        # A worker cancels threads by the flag, and coroutines by their scope.
        self._context.cancelled = True
        self._cancelled.set()
        ended = self._ended.wait(within_s)
        self._raise_error()
        assert ended, f"the round did not end within {within_s:g} s after cancel"
        self._closed.wait()
        self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            anyio.run(self._race)
        except BaseException as error:  # noqa: BLE001 - raised in the test
            # The task group wraps even a single one.
            self._error = error
            if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
                self._error = error.exceptions[0]
        finally:
            for event in (self._begun, self._ended, self._closed, self._cancelled):
                event.set()

    async def _race(self) -> None:
        try:
            await self._backend.open(self._lane, self._context)
            self._context.begin()
            async with anyio.create_task_group() as group:
                group.start_soon(self._cancel, group.cancel_scope)
                self._begun.set()
                await self._backend.round(self._lane, self._context)
                group.cancel_scope.cancel()
            self._ended.set()
            await self._backend.close(self._lane, self._context)
        finally:
            # Its connections belong to this loop.
            await self._context.aclose()

    async def _cancel(self, scope: anyio.CancelScope) -> None:
        await anyio.to_thread.run_sync(self._cancelled.wait, abandon_on_cancel=True)
        scope.cancel()
