"""Agents that were sent away: they look well from where they run, and nobody waits for them."""

import msgspec

from benchrace.clock import Clock
from benchrace.errors import BenchraceError

# An agent that is refused asks again within half a minute.
_RECENT_NS = 60_000_000_000
_MOST = 16


class RefusedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Why what dials from `address` is refused, and how often it was lately."""

    address: str
    reason: str
    remedy: str = ""
    times: int


class Refusals:
    """The refusals of the last minute, the newest 16 by address and reason."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._noted: dict[tuple[str, str], tuple[int, RefusedAgent]] = {}

    def note(self, address: str, error: BenchraceError) -> None:
        """Keep why an agent was refused."""
        self.recent()  # forgets those that are too old to count on
        key = (address, error.message[:300])
        before = self._noted.pop(key, None)
        said = RefusedAgent(
            address=address,
            reason=key[1],
            remedy=error.remedy[:300],
            times=1 + (before[1].times if before else 0),
        )
        self._noted[key] = (self._clock.monotonic_ns(), said)
        while len(self._noted) > _MOST:
            del self._noted[next(iter(self._noted))]

    def forget(self, address: str) -> None:
        """Say no more of an address from which an agent was let in."""
        self._noted = {key: each for key, each in self._noted.items() if key[0] != address}

    def recent(self) -> tuple[RefusedAgent, ...]:
        """Give those of the last minute, the newest last."""
        since = self._clock.monotonic_ns() - _RECENT_NS
        self._noted = {key: each for key, each in self._noted.items() if each[0] >= since}
        return tuple(said for _, said in self._noted.values())
