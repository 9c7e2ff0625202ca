"""Find processes that a test has left, whoever started them."""

from contextlib import suppress
from pathlib import Path

import psutil


def running(folder: Path) -> list[str]:
    """Return the command lines of running processes that have a path in `folder` as a word."""
    lines = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            named = any(Path(word).is_relative_to(folder) for word in words)
            if named and process.status() != psutil.STATUS_ZOMBIE:
                lines.append(" ".join(words))
    return lines
