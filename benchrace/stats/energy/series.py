"""What counters and power readings say of the time between two instants. Pure."""

from array import array
from bisect import bisect_left, bisect_right
from typing import NamedTuple, Protocol

# A counter that rises faster than any machine has been set, not counted.
_MAX_W = 10_000.0
# What one package can take at most: after longer than it needs for the whole range, a counter may
# have started again more than once.
_MAX_PACKAGE_W = 1_000.0

# Each follows the name of what was read.
BEFORE = "not read before the round"
AFTER = "not read after the round"
JUMPED = "went back or jumped during the round: it was reset, or not read for too long"
SHORT = (
    "read less than twice in the round: give each round more work, or sample more often "
    "(sampling_s)"
)
GAP = "power was not read for too long during the round"


class Joules(NamedTuple):
    """An energy; the true one lies between `low` and `high`."""

    value: float
    low: float
    high: float


class Span(NamedTuple):
    """When something was read, in ns: an instant between the two."""

    since: int
    until: int


class Series(Protocol):
    """Readings of one source of energy, in the order of time."""

    def between(self, start: int, end: int) -> Joules | str:
        """Return the energy between two instants in ns, or why it is unknown."""
        ...

    def __len__(self) -> int: ...


class _Readings:
    """The instants of readings; what was read may be as old as `lag_ns`."""

    def __init__(self, lag_ns: int = 0) -> None:
        self._lag_ns = lag_ns
        self._earliest = array("q")
        self._latest = array("q")
        self._values = array("d")

    def __len__(self) -> int:
        return len(self._values)

    def _append(self, span: Span, value: float) -> None:
        self._earliest.append(span.since - self._lag_ns)
        self._latest.append(span.until)
        self._values.append(value)

    def _around(self, start: int, end: int) -> tuple[int, int, int, int] | str:
        """Return the last reading before the start, the first and last between, the first after."""
        before = bisect_right(self._latest, start) - 1
        after = bisect_left(self._earliest, end)
        first = bisect_left(self._earliest, start)
        last = bisect_right(self._latest, end) - 1
        if before < 0:
            return BEFORE
        if after == len(self):
            return AFTER
        return (before, first, last, after) if first < last else SHORT

    def _at(self, instant: int, left: int, right: int) -> float:
        """Interpolate between the readings around an instant, among those given."""
        for at in range(left, right):
            here, there = self._middle(at), self._middle(at + 1)
            if instant <= there or at + 1 == right:
                share = (instant - here) / (there - here) if there > here else 0.0
                share = min(max(share, 0.0), 1.0)
                return self._values[at] + share * (self._values[at + 1] - self._values[at])
        return self._values[left]

    def _middle(self, at: int) -> float:
        return (self._earliest[at] + self._latest[at]) / 2


class Counter(_Readings):
    """A counter of millijoules, which may start again from 0 after its range."""

    def __init__(self, lag_ns: int = 0) -> None:
        super().__init__(lag_ns)
        self._raw = 0.0
        self._jumps = array("q")

    def add(self, span: Span, energy_mj: float, range_mj: float | None = None) -> None:
        """Add a reading, later than all before."""
        if not len(self):
            self._raw = energy_mj
            self._append(span, 0.0)
            return
        rise = energy_mj - self._raw
        if rise < 0 and range_mj is not None:
            rise += range_mj
        elapsed_s = (span.until - self._latest[-1]) / 1e9
        again = range_mj is not None and elapsed_s * _MAX_PACKAGE_W * 1000 >= range_mj
        if again or not 0 <= rise <= max(elapsed_s, 1.0) * _MAX_W * 1000:
            self._jumps.append(len(self))
            rise = 0.0
        self._raw = energy_mj
        self._append(span, self._values[-1] + rise)

    def between(self, start: int, end: int) -> Joules | str:
        """Interpolate at both ends; readings inside and outside of them bound the energy."""
        around = self._around(start, end)
        if isinstance(around, str):
            return around
        before, first, last, after = around
        if bisect_right(self._jumps, after) > bisect_right(self._jumps, before):
            return JUMPED
        value = self._at(end, last, after) - self._at(start, before, first)
        low = self._values[last] - self._values[first]
        high = self._values[after] - self._values[before]
        return Joules(min(max(value, low), high) / 1000, low / 1000, high / 1000)


class Power(_Readings):
    """Readings of watts, integrated by trapezoids; `gap_ns` is the longest pause between two."""

    def __init__(self, gap_ns: int) -> None:
        super().__init__()
        self._gap_ns = gap_ns

    def add(self, span: Span, power_w: float) -> None:
        """Add a reading, later than all before."""
        self._append(span, power_w)

    def between(self, start: int, end: int) -> Joules | str:
        """Integrate; the bounds take the lower and the higher reading of each pair throughout."""
        around = self._around(start, end)
        if isinstance(around, str):
            return around
        before, first, last, after = around
        points = [
            (float(start), self._at(start, before, first)),
            *((self._middle(at), self._values[at]) for at in range(first, last + 1)),
            (float(end), self._at(end, last, after)),
        ]
        edges = [self._values[before], *self._values[first : last + 1], self._values[after]]
        value = low = high = 0.0
        for at in range(len(points) - 1):
            (from_ns, from_w), (to_ns, to_w) = points[at], points[at + 1]
            if to_ns - from_ns > self._gap_ns:
                return GAP
            seconds = max(0.0, to_ns - from_ns) / 1e9
            value += seconds * (from_w + to_w) / 2
            low += seconds * min(edges[at], edges[at + 1])
            high += seconds * max(edges[at], edges[at + 1])
        return Joules(min(max(value, low), high), low, high)
