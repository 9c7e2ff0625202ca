"""What about a machine spoils measurements, looked at again while nothing is measured."""

from functools import partial
from typing import Protocol

import anyio.to_thread

from benchrace.telemetry.environment import Environment, ProblemCode


class LookAround(Protocol):
    """Look at a machine, of which `hot` says that it was hot before. Blocks."""

    def __call__(self, *, hot: bool) -> Environment: ...


class Surroundings:
    """`current` changes when problems come or go, and not with figures alone.

    Without `look` it stays as it is.
    """

    def __init__(self, environment: Environment, look: LookAround | None) -> None:
        self.current = environment
        self._look = look

    @property
    def renewed(self) -> bool:
        """True where `current` is not of the start alone."""
        return self._look is not None

    async def look(self) -> None:
        """Look at power, clocks and heat as they are now; cancelled, it ends first."""
        if self._look is None:
            return
        hot = any(problem.code is ProblemCode.HOT for problem in self.current.problems)
        now = await anyio.to_thread.run_sync(partial(self._look, hot=hot))
        if now.problems != self.current.problems:
            self.current = now
