"""Cyclic garbage collection that costs little while a process imports, and when it ends."""

import atexit
import gc

# More than all imports of a server make: each collection meanwhile takes longer than many modules.
_ALLOCATIONS = 200_000
_USUAL = gc.get_threshold()


def collect_rarely() -> None:
    """Make collections rare: what is imported stays, and each collection would visit it again.

    What takes longer than a short command calls `collect_as_usual` once it has imported.
    """
    gc.set_threshold(_ALLOCATIONS)
    # The interpreter collects all of it twice more at its end, when the memory is freed anyway.
    atexit.register(gc.freeze)


def collect_as_usual() -> None:
    """End `collect_rarely`: leave what exists out of collections, and collect as often as before.

    Failures and requests leave reference cycles, which may hold a model's or a body's memory.
    """
    if gc.get_threshold()[0] == _ALLOCATIONS:
        gc.freeze()
        gc.set_threshold(*_USUAL)
