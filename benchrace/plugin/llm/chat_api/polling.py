"""Poll a server until a condition is true."""

from collections.abc import Awaitable, Callable

import anyio

from benchrace.errors import BenchraceError, Category
from benchrace.plugin.context import Context

_POLL_S = 0.05
_MAX_POLL_S = 1.0


async def until(
    reached: Callable[[], Awaitable[bool]], limit_s: float, context: Context, what: str
) -> None:
    """Poll until the condition is true, and show the seconds; raises `timeout_first`."""
    began, pause_s = context.clock.monotonic_ns(), _POLL_S
    while not await reached():
        waited_s = (context.clock.monotonic_ns() - began) / 1e9
        if waited_s > limit_s:
            raise BenchraceError(Category.TIMEOUT_FIRST, f"{what} after {limit_s:g} s")
        context.progress(waited_s, None, "s of waiting")
        await anyio.sleep(pause_s)
        pause_s = min(2 * pause_s, _MAX_POLL_S)
