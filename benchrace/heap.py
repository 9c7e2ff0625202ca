"""Memory that a long-lived process frees goes back to the system."""

import ctypes

# `M_MMAP_THRESHOLD` of glibc, and its value at the start of a process.
_THRESHOLD = -3, 128 << 10


def return_freed() -> None:
    """Keep large buffers out of the heap, where smaller ones settle around the gaps they leave.

    By default glibc raises the size from which a buffer has pages of its own each time one is
    freed, to 32 MB at most: then what a server reads and writes leaves gaps that grow for hours.
    Does nothing with other C libraries.
    """
    try:
        ctypes.CDLL(None).mallopt(*_THRESHOLD)
    except (AttributeError, OSError, TypeError):
        return
