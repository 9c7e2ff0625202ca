"""Waking those who wait for something to change."""

import anyio


class Signal:
    """A broadcast without memory: who waits when `notify` is called goes on."""

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def notify(self) -> None:
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()
