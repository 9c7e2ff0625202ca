"""How long a stream has been without content, where only its reader recognises content."""

import asyncio
from collections.abc import Callable

from benchrace.core import monotonic_ns


class Idle:
    """Calls `expired` once no content was noted for `limit_s`.

    One timer serves a whole stream, so that a token costs a look at the clock and no more. When it
    finds that the limit is over, chunks may still wait to be read, as where the event loop was
    busy. So `expired` ends nothing before all was read that had come until then: `drained` is set
    where it took the last of that, and `check` calls it again when the reader wants more.
    """

    def __init__(
        self, limit_s: float, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]
    ) -> None:
        self.limit_s = limit_s
        self.drained = False
        self._loop = loop
        self._expired = expired
        self._content_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due = False

    def note(self) -> bool:
        """Record content; true for the first."""
        self._content_ns = monotonic_ns()
        self.drained = False
        first = self._timer is None
        if first:
            self._timer = self._loop.call_later(self.limit_s, self._look)
        return first

    def check(self) -> None:
        """Check again, where the limit was over and chunks were still to be read."""
        if self._due:
            self._look()

    def stop(self) -> None:
        """Never call `expired` any more."""
        self._due = False
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        left_s = self.limit_s - (monotonic_ns() - self._content_ns) / 1e9
        self._due = left_s <= 0
        if self._due:
            self._expired()
        else:
            self._timer = self._loop.call_later(left_s, self._look)
