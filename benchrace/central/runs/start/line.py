"""The start line: which jobs are awaited, when to start, and the spread of starts. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from benchrace.events.payloads import JobBegun
from benchrace.protocol.offset import Offset

MIN_MARGIN_NS = 20_000_000
MAX_MARGIN_NS = 2_000_000_000


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job stands: over, at the line of heat `ready`, or on its way there.

    `armed` are its armed heats, `begun` the highest heat that it has started.
    """

    armed: frozenset[int]
    ready: int | None = None
    begun: int = -1
    over: bool = False

    def has_passed(self, heat: int) -> bool:
        """Check whether `heat` need not wait for this job."""
        beyond = self.begun >= heat or (self.ready is not None and self.ready > heat)
        return self.over or heat not in self.armed or beyond


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The next heat to start: who stands ready, and who is still awaited."""

    heat: int
    ready: tuple[str, ...]
    awaited: tuple[str, ...]


def next_line(stands: Mapping[str, Stand]) -> Line | None:
    """Return the lowest heat that a job is ready for; None if no job is ready."""
    heats = [stand.ready for stand in stands.values() if stand.ready is not None and not stand.over]
    if not heats:
        return None
    heat = min(heats)
    ready = tuple(job for job, stand in stands.items() if stand.ready == heat and not stand.over)
    awaited = tuple(
        job for job, stand in stands.items() if stand.ready != heat and not stand.has_passed(heat)
    )
    return Line(heat=heat, ready=ready, awaited=awaited)


def margin_ns(round_trips_ns: Iterable[int | None], uncertainties_ns: Iterable[int]) -> int:
    """Return how far ahead the start must lie, so that it reaches every machine in time.

    Twice the longest recent round trip, plus the worst uncertainty; 20 ms to 2 s.
    """
    longest = max((rtt for rtt in round_trips_ns if rtt is not None), default=0)
    unsure = max(uncertainties_ns, default=0)
    return min(MAX_MARGIN_NS, max(MIN_MARGIN_NS, 2 * longest + unsure))


def begun(starts_ns: Mapping[str, int], offsets: Mapping[str, Offset]) -> tuple[JobBegun, ...]:
    """Return the starts whose machine's offset is known, on our clock since the first of them."""
    ours = {job: offsets[job].ours(start) for job, start in starts_ns.items() if job in offsets}
    zero = min(ours.values(), default=0)
    return tuple(
        JobBegun(job_id=job, at_ns=at_ns - zero, uncertainty_ns=offsets[job].uncertainty_ns)
        for job, at_ns in ours.items()
    )


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How far apart the first and the last start lay; the truth is within the uncertainty."""

    spread_ns: int
    uncertainty_ns: int


def spread(starts_ns: Mapping[str, int], offsets: Mapping[str, Offset]) -> Spread | None:
    """Compare starts, each on its own machine's clock, by that machine's offset.

    The uncertainty is the sum of the first's and the last's. None where an offset is unknown and
    there is more than one start.
    """
    if len(starts_ns) < 2:
        return Spread(spread_ns=0, uncertainty_ns=0)
    if not starts_ns.keys() <= offsets.keys():
        return None
    ours = {job: offsets[job].ours(start) for job, start in starts_ns.items()}
    first = min(ours, key=ours.__getitem__)
    last = max(ours, key=ours.__getitem__)
    return Spread(
        spread_ns=ours[last] - ours[first],
        uncertainty_ns=offsets[first].uncertainty_ns + offsets[last].uncertainty_ns,
    )
