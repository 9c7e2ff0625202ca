"""Locks between processes: one download of a file at a time, on this machine."""

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio

from benchrace import permissions
from benchrace.assets import disk
from benchrace.store import regular

_POLL_S = 0.2


@asynccontextmanager
async def held(path: Path, waiting: Callable[[], object] | None = None) -> AsyncIterator[None]:
    """Hold a lock; `waiting` is called once if another process holds it. Its end frees it."""
    fd = await anyio.to_thread.run_sync(_open, path)
    try:
        while not _try(fd, path):
            if waiting is not None:
                waiting()
                waiting = None
            await anyio.sleep(_POLL_S)
        yield
    finally:
        os.close(fd)


@contextmanager
def held_briefly(path: Path) -> Iterator[None]:
    """Hold a lock that nobody keeps for long. Blocks."""
    fd = _open(path)
    try:
        _lock(fd, path, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold a lock if no process holds it; False where one does. Blocks."""
    fd = _open(path)
    try:
        yield _try(fd, path)
    finally:
        os.close(fd)


def _open(path: Path) -> int:
    # It is never deleted: who waits for it holds another file than who comes later.
    try:
        permissions.make_folder(path.parent)
        return regular.open_regular(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise disk.failure(path, error) from error


def _try(fd: int, path: Path) -> bool:
    try:
        _lock(fd, path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock(fd: int, path: Path, how: int) -> None:
    try:
        fcntl.flock(fd, how)
    except BlockingIOError:
        raise
    except OSError as error:
        raise disk.failure(path, error) from error
