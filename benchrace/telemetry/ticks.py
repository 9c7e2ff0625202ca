"""Instants of a fixed period: always origin + n x period, so it never drifts."""

import msgspec


class Tick(msgspec.Struct, frozen=True):
    """The `index`-th instant, at `due_ns`; `missed` instants before it passed unused."""

    index: int
    due_ns: int
    missed: int

    def wait_ns(self, now_ns: int) -> int:
        """Return the time until then; 0 once it is due."""
        return max(0, self.due_ns - now_ns)


class Ticks(msgspec.Struct, frozen=True):
    """Instants `period_ns` apart from `origin_ns` on, on one monotonic clock."""

    origin_ns: int
    period_ns: int

    def __post_init__(self) -> None:
        if self.period_ns <= 0:
            raise ValueError(f"a period of {self.period_ns} ns: it must be over 0")

    def first(self) -> Tick:
        """Return the instant at the origin itself."""
        return Tick(0, self.origin_ns, 0)

    def after(self, last: Tick, now_ns: int) -> Tick:
        """Return the next instant that is not past at `now_ns`; those skipped are counted."""
        passed = -(-(now_ns - self.origin_ns) // self.period_ns)
        index = max(last.index + 1, passed)
        return Tick(index, self.origin_ns + index * self.period_ns, index - last.index - 1)
