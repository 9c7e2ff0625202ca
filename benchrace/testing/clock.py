"""A clock that is advanced by hand."""


class FakeClock:
    """An implementation of `benchrace.clock.Clock`; starts at one second, on 2026-01-01."""

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
        """Advance all clocks."""
        self._monotonic_ns += round(seconds * 1e9)
        self._wall_s += seconds

    def sleep_s(self, seconds: float) -> None:
        """Simulate a suspended machine, whose monotonic clock does not advance."""
        self._asleep_ns += round(seconds * 1e9)
        self._wall_s += seconds

    def jump_s(self, seconds: float) -> None:
        """Move the wall clock forward or back, as people and NTP do."""
        self._wall_s += seconds
