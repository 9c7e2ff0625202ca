"""Cyclic garbage collection that costs little while a process imports, and when it ends."""

import atexit
import gc

_ALLOCATIONS = 20_000


def collect_rarely() -> None:
    """Make collections rare: what is imported stays, and each collection would visit it again."""
    gc.set_threshold(_ALLOCATIONS)
    # The interpreter collects all of it twice more at its end, when the memory is freed anyway.
    atexit.register(gc.freeze)
