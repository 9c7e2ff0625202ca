"""A lease on a data folder's central: one command starts and ends it, others only use it."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchrace import permissions
from benchrace.errors import BenchraceError, Category

_LOOK_S = 0.05


class Lease:
    """A shared lock: the central of a data folder stays up while any command uses it.

    Locks die with their process, so a killed command never blocks others.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._used = -1

    def __enter__(self) -> "Lease":
        self._used = self._open("commands.lock")
        # Blocks for as long as another command ends its central, some seconds at most.
        fcntl.flock(self._used, fcntl.LOCK_SH)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._used)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Serialise looking for a central and starting one; blocks."""
        fd = self._open("starting.lock")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def end_use(self, waits: Callable[[], None]) -> None:
        """Wait until no other command uses the central, and keep new ones from it.

        `waits` is called once where another one does.
        """
        announced = False
        fcntl.flock(self._used, fcntl.LOCK_UN)
        while True:
            try:
                fcntl.flock(self._used, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not announced:
                    waits()
                announced = True
                time.sleep(_LOOK_S)
            else:
                return

    def _open(self, name: str) -> int:
        try:
            permissions.make_folder(self._data)
            return os.open(
                self._data / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, permissions.FILE
            )
        except OSError as error:
            raise unusable(self._data, error) from error


def unusable(data: Path, error: OSError) -> BenchraceError:
    """Return the error of a data folder that cannot be used."""
    return BenchraceError(
        Category.SYSTEM,
        f"cannot use the data folder {data}: {error.strerror or error}",
        "Fix its permissions, or choose another with --data-dir.",
    )
