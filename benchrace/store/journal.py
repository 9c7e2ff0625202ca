"""A journal: one file, one writer, one JSON line per event. A line without newline is torn."""

import contextlib
import fcntl
import os
import sys
import time
from pathlib import Path
from types import TracebackType

from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.store.regular import NotRegular, append, open_regular

_CHUNK = 1 << 16
# Whoever asks `is_held` has the lock for an instant: a writer that comes just then tries again.
_PATIENCE_S = 0.5
_AGAIN_S = 0.01


class Journal:
    """Append lines to a file under a lock; the lock dies with the process that holds it.

    Opening cuts off a torn tail and keeps it beside the file as `<name>.torn`. `size` is the
    offset of the next line in bytes. Raises `busy` where another process writes the file, and
    `disk_full` where a line did not fit: the file then still ends at a whole line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partial = False
        try:
            self._fd = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except OSError as error:
            raise atomic.failure(path, error) from error
        if not _lock(self._fd):
            os.close(self._fd)
            raise BenchraceError(Category.BUSY, f"{path} is being written by another process")
        try:
            self.torn = cut_torn_tail(self._fd, path)
            self.size = os.fstat(self._fd).st_size
        except OSError as error:
            self.close()
            raise atomic.failure(path, error) from error

    def append(self, lines: bytes) -> None:
        """Write whole lines at once; they can be read by others when this returns."""
        view = memoryview(lines)
        try:
            self._cut()
            self._partial = True
            while view:
                written = os.write(self._fd, view)
                view = view[written:]
            self._partial = False
        except OSError as error:
            # A disk that refuses this as well is cut before the next line is written.
            with contextlib.suppress(OSError):
                self._cut()
            raise atomic.failure(self.path, error) from error
        self.size += len(lines)

    def sync(self) -> None:
        """Make what was written survive a power loss; raises where the disk refuses."""
        try:
            _fdatasync(self._fd)
        except OSError as error:
            raise atomic.failure(self.path, error) from error

    def _cut(self) -> None:
        """Remove what a failed write has left after the last line."""
        if self._partial:
            os.ftruncate(self._fd, self.size)
            self._partial = False

    def close(self) -> None:
        """Release the lock; closing twice does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_held(path: Path) -> bool:
    """Check whether a living process writes this journal; False if the file is missing.

    Raises `system` where this user may not look.
    """
    try:
        fd = open_regular(path)
    except (FileNotFoundError, NotADirectoryError, NotRegular):
        return False
    except OSError as error:
        raise atomic.failure(path, error) from error
    try:
        # Shared, so that two who ask at once do not take each other for a writer.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _lock(fd: int) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(_AGAIN_S)
        else:
            return True


def cut_torn_tail(fd: int, path: Path) -> int:
    """Cut what follows the last newline, keep it as `<name>.torn`, and return its length."""
    size = os.fstat(fd).st_size
    whole = last_newline(fd, size)
    if whole == size:
        return 0
    tail = os.pread(fd, size - whole, whole)
    append(path.with_name(path.name + ".torn"), tail + b"\n")
    os.ftruncate(fd, whole)
    return len(tail)


def last_newline(fd: int, size: int) -> int:
    """Return the offset after the last newline before `size`, 0 where there is none."""
    end = size
    while end > 0:
        start = max(0, end - _CHUNK)
        position = os.pread(fd, end - start, start).rfind(b"\n")
        if position >= 0:
            return start + position + 1
        end = start
    return 0


def _fdatasync(fd: int) -> None:
    if sys.platform == "darwin":
        # macOS acknowledges fsync before the disk has the bytes; this asks the disk itself.
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(fd)
