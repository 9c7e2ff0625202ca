"""The clocks of one machine: monotonic for every duration, wall time for labels only."""

import time
from typing import Protocol


class Clock(Protocol):
    """What code that measures or labels may ask for; tests pass their own."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds on the machine's monotonic clock, the same for all its processes."""
        ...

    def wall_s(self) -> float:
        """Return seconds since 1970, for labels; it may jump."""
        ...

    def boottime_ns(self) -> int:
        """Return `monotonic_ns` plus time in suspend; the difference reveals a suspend."""
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


MIN_STEP_S = 0.5
# Between two readings of clocks the process may have been left waiting.
_MAX_READING_NS = 20_000_000
_TRIES = 5


class WallSteps:
    """Detects when the wall clock was set, or has drifted, against the machine's uptime.

    Suspend does not count as a step: the uptime includes it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ns = self._read()

    def look(self) -> float | None:
        """Return by how many seconds it moved since the last move, None where by none."""
        offset_ns = self._read()
        if self._offset_ns is None or offset_ns is None:
            self._offset_ns = offset_ns if self._offset_ns is None else self._offset_ns
            return None
        step_s = (offset_ns - self._offset_ns) / 1e9
        if abs(step_s) < MIN_STEP_S:
            return None
        self._offset_ns = offset_ns
        return step_s

    def _read(self) -> int | None:
        """Return the wall clock minus the uptime; None where they were never read together."""
        for _ in range(_TRIES):
            before_ns = self._clock.boottime_ns()
            wall_s = self._clock.wall_s()
            after_ns = self._clock.boottime_ns()
            if after_ns - before_ns <= _MAX_READING_NS:
                return int(wall_s * 1e9) - before_ns
        return None
