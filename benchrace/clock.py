"""The clocks of one machine: monotonic for every duration, wall time for labels alone."""

import time
from typing import Protocol


class Clock(Protocol):
    """What code that measures or labels may ask for; tests pass their own."""

    def monotonic_ns(self) -> int:
        """Nanoseconds on the machine's monotonic clock, the same for all its processes."""
        ...

    def wall_s(self) -> float:
        """Seconds since 1970, for labels; it may jump."""
        ...

    def boottime_ns(self) -> int:
        """As `monotonic_ns`, but counting time in suspend; the difference reveals a suspend."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def wall_s(self) -> float:
        return time.time()

    def boottime_ns(self) -> int:
        # macOS stops its monotonic clock in suspend too; its raw one goes on.
        source = getattr(time, "CLOCK_BOOTTIME", None) or getattr(time, "CLOCK_MONOTONIC_RAW", None)
        return time.monotonic_ns() if source is None else time.clock_gettime_ns(source)
