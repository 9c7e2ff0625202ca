"""A fixed share of the loop's time for one kind of work, however many tasks do it."""

import time
from collections.abc import Callable

import anyio

SLICE_S = 0.002
PERIOD_S = 0.01


class Pace:
    """Shares out `SLICE_S` of every `PERIOD_S` in turn, so that the rest is left for others.

    Sending to a peer returns at once until its buffers are full: whoever sends much would keep
    the loop to itself, and twice as long with twice as many peers.
    """

    def __init__(self, now_s: Callable[[], float] = time.perf_counter) -> None:
        self._now_s = now_s
        self._turns = anyio.Lock()
        self._next_s = 0.0

    async def turn(self) -> float:
        """Wait for the next slice; return when it is over, by `now_s`."""
        async with self._turns:
            await anyio.sleep(max(0.0, self._next_s - self._now_s()))
            start_s = self._now_s()
            self._next_s = start_s + PERIOD_S
            return start_s + SLICE_S

    def is_over(self, until_s: float) -> bool:
        """Check whether a slice is used up."""
        return self._now_s() >= until_s
