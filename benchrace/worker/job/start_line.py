"""Wait for an instant on the monotonic clock, to the microsecond, with little load."""

import sys
import time

import anyio

from benchrace.clock import Clock

# The event loop wakes on whole milliseconds. A sleep on Linux is exact to 0.1 ms or so, and leaves
# the core to whoever else starts on it; on other systems it may last longer.
_LOOP_NS = 3_000_000
_SPIN_NS = 200_000 if sys.platform == "linux" else _LOOP_NS


async def wait_until(at_ns: int, clock: Clock) -> None:
    """Sleep until shortly before `at_ns`, then spin; an instant that is past does not wait."""
    ahead = at_ns - clock.monotonic_ns() - _LOOP_NS
    if ahead > 0:
        await anyio.sleep(ahead / 1e9)
    _hold(at_ns, clock)


def _hold(at_ns: int, clock: Clock) -> None:
    ahead = at_ns - clock.monotonic_ns() - _SPIN_NS
    if ahead > 0:
        time.sleep(ahead / 1e9)
    while clock.monotonic_ns() < at_ns:
        continue
