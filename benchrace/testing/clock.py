"""A clock that moves when it is told to."""


class FakeClock:
    """Implements `benchrace.clock.Clock`; starts at one second, wall time at 2026-01-01."""

    def __init__(self, monotonic_ns: int = 1_000_000_000, wall_s: float = 1_767_225_600.0) -> None:
        self._monotonic_ns = monotonic_ns
        self._asleep_ns = 0
        self._wall_s = wall_s

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    def wall_s(self) -> float:
        return self._wall_s

    def boottime_ns(self) -> int:
        return self._monotonic_ns + self._asleep_ns

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self._monotonic_ns += round(seconds * 1e9)
        self._wall_s += seconds

    def sleep_s(self, seconds: float) -> None:
        """Suspend the machine: its monotonic clock stands still meanwhile."""
        self._asleep_ns += round(seconds * 1e9)
        self._wall_s += seconds

    def jump_s(self, seconds: float) -> None:
        """Set the wall clock forward or back, as people and NTP do."""
        self._wall_s += seconds
