"""Agents that were sent away: they look well from where they run, and nobody waits for them."""

import msgspec

from benchrace.clock import Clock
from benchrace.errors import BenchraceError

# An agent that is refused asks again within half a minute.
_RECENT_NS = 60_000_000_000
_MOST = 16


class RefusedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """The last refusal of what dials from `address`, and how often it was refused lately."""

    address: str
    reason: str
    times: int


class Refusals:
    """The refusals of the last minute, of at most 16 addresses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._noted: dict[str, tuple[int, RefusedAgent]] = {}

    def note(self, address: str, error: BenchraceError) -> None:
        """Keep why an agent was refused."""
        times = next((each.times for each in self.recent() if each.address == address), 0)
        said = RefusedAgent(address=address, reason=error.message[:300], times=times + 1)
        self._noted.pop(address, None)
        self._noted[address] = (self._clock.monotonic_ns(), said)
        while len(self._noted) > _MOST:
            del self._noted[next(iter(self._noted))]

    def forget(self, address: str) -> None:
        """Say no more of an address from which an agent was let in."""
        self._noted.pop(address, None)

    def recent(self) -> tuple[RefusedAgent, ...]:
        """Give those of the last minute, the newest last."""
        since = self._clock.monotonic_ns() - _RECENT_NS
        self._noted = {name: each for name, each in self._noted.items() if each[0] >= since}
        return tuple(said for _, said in self._noted.values())
