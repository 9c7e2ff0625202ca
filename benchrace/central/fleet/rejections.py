"""Agents that were refused recently, with the reasons."""

from benchrace.api.machines import RejectedAgent
from benchrace.clock import Clock
from benchrace.errors import BenchraceError

# An agent that is refused asks again within half a minute.
_RECENT_NS = 60_000_000_000
_MAX_KEPT = 16


class Rejections:
    """The refusals of the last minute, the newest 16 by address and reason."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._noted: dict[tuple[str, str], tuple[int, RejectedAgent]] = {}

    def note(self, address: str, error: BenchraceError) -> None:
        """Record why an agent was refused."""
        self.recent()  # forgets those that are too old to count on
        key = (address, error.message[:300])
        before = self._noted.pop(key, None)
        rejection = RejectedAgent(
            address=address,
            reason=key[1],
            remedy=error.remedy[:300],
            times=1 + (before[1].times if before else 0),
        )
        self._noted[key] = (self._clock.monotonic_ns(), rejection)
        while len(self._noted) > _MAX_KEPT:
            del self._noted[next(iter(self._noted))]

    def forget(self, address: str) -> None:
        """Forget the refusals of an address, since an agent was admitted from it."""
        self._noted = {key: entry for key, entry in self._noted.items() if key[0] != address}

    def recent(self) -> tuple[RejectedAgent, ...]:
        """Return the refusals of the last minute, the newest last."""
        since = self._clock.monotonic_ns() - _RECENT_NS
        self._noted = {key: entry for key, entry in self._noted.items() if entry[0] >= since}
        return tuple(rejection for _, rejection in self._noted.values())
