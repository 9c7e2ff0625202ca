"""Who was started from here: a file that outlives the worker that wrote it."""

from pathlib import Path
from typing import NamedTuple

import psutil

_SAME_START_S = 2.0


class Started(NamedTuple):
    """An engine that was started from here; `gpu` is "" where the choice was its own."""

    pid: int
    gpu: str


class EngineMark:
    """The mark of one engine. Every method blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, pid: int, gpu: str) -> None:
        """Put down a process that was just started; one that is gone already leaves no mark."""
        try:
            began = psutil.Process(pid).create_time()
        except psutil.Error:
            return
        self._path.write_text(f"{pid} {began!r} {gpu}\n")

    def read(self) -> Started | None:
        """Give who was started, None where that process is gone: its number may be another's."""
        try:
            pid, began, *gpu = self._path.read_text().split()
            process = psutil.Process(int(pid))
            same = abs(process.create_time() - float(began)) < _SAME_START_S
            gone = process.status() == psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return None
        return Started(int(pid), "".join(gpu)) if same and not gone else None

    def remove(self) -> None:
        """Forget who was started."""
        self._path.unlink(missing_ok=True)
