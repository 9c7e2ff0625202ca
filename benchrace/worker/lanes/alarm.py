"""Timers of the event loop that any thread may set."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from benchrace.errors import BenchraceError

Later = Callable[[float, Callable[[], None]], None]
"""Arranges a call after so many seconds; usable from any thread."""


class LoopTimer:
    """Calls in the event loop, after a delay. Create it in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        # A plugin's thread, or its object's destructor, may outlive the loop: the job is over then.
        with suppress(RuntimeError):
            if threading.get_ident() == self._thread:
                self._loop.call_later(seconds, call)
            else:
                self._loop.call_soon_threadsafe(self._loop.call_later, seconds, call)


class Alarm:
    """At most one pending call of `ring`, which sets it again where it came too early."""

    def __init__(self, later: Later, ring: Callable[[], None]) -> None:
        self._later = later
        self._ring = ring
        self._pending = False

    def set(self, seconds: float) -> None:
        """Call `ring` in so many seconds, unless a call is pending already."""
        if not self._pending:
            self._pending = True
            self._later(seconds, self._fire)

    def _fire(self) -> None:
        # Cleared first: another thread that holds something back now may rely on this call.
        self._pending = False
        try:
            self._ring()
        except BenchraceError:
            # A journal that failed has stopped the job already; a line that is too long is only
            # left out, as nobody waits for this call.
            return
