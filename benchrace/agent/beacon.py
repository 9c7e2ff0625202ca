"""Wake whoever waits for a change; nothing is queued, so a slow waiter costs nothing."""

import anyio


class Beacon:
    """Counts changes. A waiter says which count it has seen, and misses none."""

    def __init__(self) -> None:
        self.count = 0
        self._next = anyio.Event()

    def flash(self) -> None:
        """Say that something changed; wakes all that wait."""
        self.count += 1
        waited, self._next = self._next, anyio.Event()
        waited.set()

    async def wait(self, seen: int) -> int:
        """Return the count as soon as it differs from `seen`."""
        if self.count == seen:
            await self._next.wait()
        return self.count
