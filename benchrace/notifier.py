"""Wake tasks that wait for a change; nothing is queued, so a slow waiter costs nothing."""

import anyio


class Notifier:
    """Counts changes, so that a waiter can pass the count that it has seen and misses none.

    `wider` counts these changes too, and others of its own.
    """

    def __init__(self, wider: "Notifier | None" = None) -> None:
        self.count = 0
        self._wider = wider
        self._next: anyio.Event | None = None

    def notify(self) -> None:
        """Count a change, and wake all waiters."""
        self.count += 1
        if self._next is not None:
            self._next.set()
            self._next = None
        if self._wider is not None:
            self._wider.notify()

    async def wait(self, seen: int | None = None) -> int:
        """Return the count as soon as it differs from `seen`; without it, after the next change."""
        if seen is None or self.count == seen:
            if self._next is None:
                self._next = anyio.Event()
            await self._next.wait()
        return self.count
