"""Calls into plugins during a job: a bug or an overrun ends the job, not just the call."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from benchrace.worker.guarded_call import PluginBug, PluginTimeout, guarded_call
from benchrace.worker.job import terminal_events
from benchrace.worker.watchdog import Watchdog

T = TypeVar("T")
_GRACE_S = 5.0


class Calls:
    """Makes all calls into plugins of one job. `give_up` writes an end and ends the process."""

    def __init__(
        self, watchdog: Watchdog, give_up: Callable[[terminal_events.JobEnded], None]
    ) -> None:
        self._watchdog = watchdog
        self._give_up = give_up

    async def call(self, doing: str, work: Callable[[], Awaitable[T]], limit_s: float) -> T:
        """Await `work()`. Raises `BenchraceError` for what people should read, else `JobEnded`.

        A thread that hangs past its cancel cannot be ended from inside; the watchdog does it.
        """
        late = terminal_events.timed_out(doing, limit_s)
        disarm = self._watchdog.arm(limit_s + _GRACE_S, lambda: self._give_up(late))
        try:
            return await guarded_call(doing, work, limit_s)
        except PluginTimeout as error:
            raise late from error
        except PluginBug as error:
            raise terminal_events.failed(error.failure()) from error
        finally:
            disarm()
