"""The state of central's disk; while writes fail, new runs are refused and writers wait."""

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import anyio

from benchrace.errors import BenchraceError, Category, with_remedy
from benchrace.store import atomic

T = TypeVar("T")
# What `benchrace.store.atomic.failure` makes of an OSError: a full disk or quota, and all else
# (EIO, EROFS, permissions). Both can end without a restart.
REFUSALS = frozenset({Category.DISK_FULL, Category.SYSTEM})
# Enough that a probe which fits says something about the next batch of lines.
PROBE = bytes(1 << 18)


def nothing() -> None:
    """Do nothing."""


class Disk:
    """`trouble` is what the disk last refused, until something fits again."""

    def __init__(self, folder: Path, changed: Callable[[], None], retry_s: float) -> None:
        self._folder = folder
        self._changed = changed
        self._retry_s = retry_s
        self.trouble: BenchraceError | None = None

    @property
    def banner(self) -> str | None:
        """What people should know while the live view is paused."""
        if self.trouble is None:
            return None
        problem = with_remedy(self.trouble.message, self.trouble.remedy)
        return f"The live view is paused: {problem} Agents continue, and store what they measure."

    async def retry(
        self,
        write: Callable[[], Awaitable[T]],
        *,
        refused: Callable[[], None] = nothing,
        waited: Callable[[], None] = nothing,
    ) -> T:
        """Await `write` again and again until the disk takes it, and return its result.

        `refused` is called after each refusal, `waited` before each further attempt. It ends early
        by cancellation, or where `write` raises anything but a refusal, such as `Gap` for a log
        that was closed meanwhile.
        """
        while True:
            try:
                return await write()
            except BenchraceError as error:
                self.refused(error)
            refused()
            # The pause does not grow: an attempt costs a system call, and a view that is paused
            # should go on as soon as there is room.
            await anyio.sleep(self._retry_s)
            waited()

    def refused(self, error: BenchraceError) -> None:
        """Show that the disk refuses; raises what is not a refusal of the disk."""
        if error.category not in REFUSALS:
            raise error
        fresh = self.trouble is None
        self.trouble = error
        if fresh:
            self._changed()

    def healed(self) -> None:
        """Show that lines fit again; the small files of a run prove nothing of that."""
        if self.trouble is not None:
            self.trouble = None
            self._changed()

    def check(self) -> None:
        """Refuse new work while the disk refuses to keep it."""
        if (error := self.trouble) is not None:
            raise BenchraceError(error.category, error.message, error.remedy)

    def probe(self) -> None:
        """Write and remove a file; blocking. Raises `disk_full` or `system`."""
        path = self._folder / f".probe-{secrets.token_hex(4)}"
        try:
            atomic.write(path, PROBE)
        finally:
            path.unlink(missing_ok=True)
