"""Calls into a plugin: bounded in time, and whatever comes out of them has a meaning."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import anyio.lowlevel

from benchrace.worker import ending
from benchrace.worker.commands import Commands
from benchrace.worker.failing import bug, foreseen
from benchrace.worker.watchdog import Watchdog

T = TypeVar("T")
_GRACE_S = 5.0


class Calls:
    """Makes all calls into plugins of one job. `give_up` writes an end and ends the process."""

    def __init__(
        self, commands: Commands, watchdog: Watchdog, give_up: Callable[[ending.Over], None]
    ) -> None:
        self._commands = commands
        self._watchdog = watchdog
        self._give_up = give_up

    async def call(self, doing: str, work: Callable[[], Awaitable[T]], limit_s: float) -> T:
        """Await `work()`. Raises `BenchraceError` for what people should read, else `Over`.

        A thread that hangs past its cancel cannot be ended from inside; the watchdog does it.
        """
        late = ending.timed_out(doing, limit_s)
        disarm = self._watchdog.arm(limit_s + _GRACE_S, lambda: self._give_up(late))
        try:
            with anyio.move_on_after(limit_s) as scope:
                value = await self._guarded(doing, work, scope)
                if not scope.cancel_called:
                    await anyio.lowlevel.checkpoint_if_cancelled()
                    return value
        finally:
            disarm()
        await anyio.lowlevel.checkpoint_if_cancelled()
        raise late

    async def _guarded(
        self, doing: str, work: Callable[[], Awaitable[T]], scope: anyio.CancelScope
    ) -> T:
        stopped = anyio.get_cancelled_exc_class()
        try:
            return await work()
        except BaseException as error:
            if scope.cancel_called or self._commands.stopping:
                if isinstance(error, stopped):
                    raise
                # Cleaning up after a cancel may fail in any way; the cancel is what counts.
                await anyio.lowlevel.checkpoint_if_cancelled()
            known = foreseen(error)
            if known is not None:
                raise known from error
            raise ending.failed(bug(error, doing)) from error
