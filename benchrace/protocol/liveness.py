"""Whether the other side is alive, judged by when it was last heard from."""

from enum import StrEnum

import msgspec

SECOND_NS = 1_000_000_000


class Liveness(StrEnum):
    ALIVE = "alive"
    SUSPECT = "suspect"
    LOST = "lost"


class KeepAlive(msgspec.Struct, frozen=True, kw_only=True):
    """How long silence may last. A silent link is closed before its machine counts as lost.

    An answer is what counts: a socket whose peer vanished takes what is sent for minutes.
    """

    ping_ns: int = 2 * SECOND_NS
    suspect_ns: int = 6 * SECOND_NS
    close_ns: int = 10 * SECOND_NS
    lost_ns: int = 30 * SECOND_NS

    def judge(self, heard_ns: int, now_ns: int) -> Liveness:
        """Return the liveness of a peer last heard at `heard_ns`, on our monotonic clock."""
        silent_ns = now_ns - heard_ns
        if silent_ns >= self.lost_ns:
            return Liveness.LOST
        if silent_ns >= self.suspect_ns:
            return Liveness.SUSPECT
        return Liveness.ALIVE

    def must_close(self, heard_ns: int, now_ns: int) -> bool:
        """Check whether a link was silent for so long that its socket is useless."""
        return now_ns - heard_ns >= self.close_ns
