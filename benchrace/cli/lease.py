"""Commands that share a data folder's central: one starts and ends it, the others only use it."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchrace.errors import BenchraceError, Category

_LOOK_S = 0.05


class Lease:
    """While a command uses the central of a data folder, whoever started it leaves it there.

    Locks die with their process, so that a killed command keeps nobody waiting.
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
        """Let one command at a time look for a central and start one; blocks."""
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
        said = False
        fcntl.flock(self._used, fcntl.LOCK_UN)
        while True:
            try:
                fcntl.flock(self._used, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not said:
                    waits()
                said = True
                time.sleep(_LOOK_S)
            else:
                return

    def _open(self, name: str) -> int:
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            return os.open(self._data / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unusable(self._data, error) from error


def unusable(data: Path, error: OSError) -> BenchraceError:
    """Say that nothing can be kept in a data folder."""
    return BenchraceError(
        Category.SYSTEM,
        f"the data folder {data} cannot be used: {error.strerror or error}",
        "Correct its permissions, or give another one with --data-dir.",
    )
