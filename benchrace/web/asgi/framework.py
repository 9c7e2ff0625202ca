"""Imports of the web framework, which takes long and is done in threads, one at a time."""

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

_LOCK = Lock()


def imported_alone(load: Callable[[], T]) -> T:
    """Return what `load` does, while no other thread imports parts of the framework.

    Hypercorn's modules import each other: two threads that begin at different ends of that circle
    would wait for each other, and Python ends one of them with a deadlock error.
    """
    with _LOCK:
        return load()
