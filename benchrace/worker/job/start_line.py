"""Wait for an instant on the monotonic clock, to the microsecond, with little load."""

import anyio

from benchrace.clock import Clock

_SPIN_NS = 3_000_000


async def wait_until(at_ns: int, clock: Clock) -> None:
    """Sleep until shortly before `at_ns`, then spin; an instant that is past does not wait."""
    ahead = at_ns - clock.monotonic_ns() - _SPIN_NS
    if ahead > 0:
        await anyio.sleep(ahead / 1e9)
    while clock.monotonic_ns() < at_ns:
        continue
