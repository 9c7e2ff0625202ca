"""What about a machine spoils measurements, looked at again while nothing is measured."""

from collections.abc import Callable

import anyio.to_thread

from benchrace.telemetry.environment import Environment

LookAround = Callable[[], Environment]


class Surroundings:
    """`current` changes when problems come or go, and not with temperatures alone.

    Without `look`, which blocks, it stays as it is.
    """

    def __init__(self, environment: Environment, look: LookAround | None) -> None:
        self.current = environment
        self._look = look

    async def look(self) -> None:
        """Look at power, clocks and heat as they are now."""
        if self._look is None:
            return
        now = await anyio.to_thread.run_sync(self._look, abandon_on_cancel=True)
        if now.problems != self.current.problems:
            self.current = now
