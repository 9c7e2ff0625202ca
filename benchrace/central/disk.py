"""Whether central's disk takes what is written; while it does not, no new run is taken."""

import secrets
from collections.abc import Callable
from pathlib import Path

from benchrace.errors import BenchraceError, Category, with_remedy
from benchrace.store import atomic

REFUSALS = frozenset({Category.DISK_FULL, Category.SYSTEM})
# Enough that a probe which fits says something about the next batch of lines.
PROBE = bytes(1 << 18)


class Disk:
    """`trouble` is what the disk last refused, until something fits again."""

    def __init__(self, folder: Path, changed: Callable[[], None]) -> None:
        self._folder = folder
        self._changed = changed
        self.trouble: BenchraceError | None = None

    @property
    def banner(self) -> str | None:
        """Say what people should know while the live view stands still."""
        if self.trouble is None:
            return None
        told = with_remedy(self.trouble.message, self.trouble.remedy)
        return f"The live view is paused: {told} The agents go on and keep what they measure."

    def refused(self, error: BenchraceError) -> None:
        fresh = self.trouble is None
        self.trouble = error
        if fresh:
            self._changed()

    def healed(self) -> None:
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
