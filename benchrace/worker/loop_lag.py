"""How late the event loop is: how a backend that blocks it affects its own round."""

import asyncio
import os
from pathlib import Path

import anyio

from benchrace.clock import Clock

BLOCKED_NS = 200_000_000
# A block that is longer than both together is noticed whenever it begins. Each beat wakes the
# process that measures.
PERIOD_S = 0.1
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


class RunQueue:
    """Time that this thread was ready and had no core: the machine was busy, not the loop blocked.

    Only Linux tells; elsewhere it is always 0.
    """

    def __init__(self) -> None:
        try:
            self._fd = os.open(_SCHEDSTAT, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1

    def waited_ns(self) -> int:
        """Return the sum since the thread began."""
        if self._fd < 0:
            return 0
        fields = os.pread(self._fd, 100, 0).split()
        return int(fields[1]) if len(fields) > 1 else 0


class LoopMonitor:
    """A beat of the loop each `period_s`. `beats` counts them, readable from any thread."""

    def __init__(self, clock: Clock, period_s: float = PERIOD_S) -> None:
        self.beats = 0
        self._period_s = period_s
        self._clock = clock
        self._queue = RunQueue()
        self._queued_ns = self._queue.waited_ns()
        self._due_ns = clock.monotonic_ns()
        self._worst_ns = 0

    async def run(self) -> None:
        """Beat for ever: by a timer of the loop, which costs less than a task that sleeps."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def wait() -> asyncio.TimerHandle:
            self._expect(self._clock.monotonic_ns() + int(self._period_s * 1e9))
            return loop.call_later(self._period_s, beat)

        def beat() -> None:
            nonlocal timer
            self._note()
            self.beats += 1
            timer = wait()

        timer = wait()
        try:
            await anyio.sleep_forever()
        finally:
            timer.cancel()

    def start(self) -> None:
        """Start watching: from now on the loop's silence means something."""
        self.beats = 1
        self._expect(self._clock.monotonic_ns())

    def begin(self) -> None:
        """Reset: what was late before now does not count."""
        self._worst_ns = 0
        self._expect(max(self._due_ns, self._clock.monotonic_ns()))

    def worst_ns(self) -> int:
        """Return the longest time since `begin` for which the loop was blocked."""
        self._note()
        return self._worst_ns

    def _expect(self, due_ns: int) -> None:
        self._due_ns = due_ns
        self._queued_ns = self._queue.waited_ns()

    def _note(self) -> None:
        late = self._clock.monotonic_ns() - self._due_ns
        if late > BLOCKED_NS:
            late -= self._queue.waited_ns() - self._queued_ns
        self._worst_ns = max(self._worst_ns, late)
