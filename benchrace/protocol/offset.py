"""The offset between two monotonic clocks, from pings."""

from collections import deque

import msgspec

WINDOW = 64
# Quartz clocks of two machines drift apart by up to 50 us a second; an old sample is worth less.
DRIFT_PPM = 50


class Ping(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange, in ns: sent and returned on our clock, received and replied on theirs."""

    sent_ns: int
    received_ns: int
    replied_ns: int
    returned_ns: int

    @property
    def round_trip_ns(self) -> int:
        """Return the time on the network, without the peer's time to answer; never negative."""
        return max(0, (self.returned_ns - self.sent_ns) - (self.replied_ns - self.received_ns))

    @property
    def offset_ns(self) -> int:
        return ((self.received_ns - self.sent_ns) + (self.replied_ns - self.returned_ns)) // 2


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """Their clock minus ours; the truth lies within `uncertainty_ns` of `offset_ns`."""

    offset_ns: int
    uncertainty_ns: int

    def theirs(self, ours_ns: int) -> int:
        """Translate an instant of our clock to theirs."""
        return ours_ns + self.offset_ns

    def ours(self, theirs_ns: int) -> int:
        """Translate an instant of their clock to ours."""
        return theirs_ns - self.offset_ns


class OffsetEstimate:
    """Keep the last pings, and trust the one with the lowest round-trip for its age.

    Uncertainty is half the round-trip, plus what the clocks may have drifted since.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self._pings: deque[Ping] = deque(maxlen=window)

    def add(self, ping: Ping) -> None:
        self._pings.append(ping)

    @property
    def settled(self) -> bool:
        """Check whether there were enough pings to judge the network by."""
        return len(self._pings) >= WINDOW // 2

    def at(self, now_ns: int) -> Offset | None:
        """Return the offset estimated at `now_ns` of our clock, None before the first ping."""
        if not self._pings:
            return None
        best = min(self._pings, key=lambda ping: _uncertainty_ns(ping, now_ns))
        return Offset(offset_ns=best.offset_ns, uncertainty_ns=_uncertainty_ns(best, now_ns))

    def round_trip_ns(self) -> int | None:
        """Return the longest round trip of the last eight pings."""
        recent = list(self._pings)[-8:]
        return max((ping.round_trip_ns for ping in recent), default=None)


def _uncertainty_ns(ping: Ping, now_ns: int) -> int:
    age_ns = max(0, now_ns - ping.returned_ns)
    return (ping.round_trip_ns + 1) // 2 + age_ns * DRIFT_PPM // 1_000_000
