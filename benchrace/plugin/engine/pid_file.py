"""The PID file of an engine, which outlives the worker that wrote it."""

from pathlib import Path
from typing import NamedTuple

import psutil

from benchrace import permissions

_SAME_START_S = 2.0


class StartedProcess(NamedTuple):
    """An engine that the agent started; `gpu` is "" if the engine chose its own."""

    pid: int
    gpu: str


class PidFile:
    """The PID file of one engine. Every method blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, pid: int, gpu: str) -> None:
        """Record a process that was just started, unless it is already gone."""
        try:
            created_s = psutil.Process(pid).create_time()
        except psutil.Error:
            return
        with open(self._path, "w", opener=permissions.opener) as file:
            file.write(f"{pid} {created_s!r} {gpu}\n")

    def read(self) -> StartedProcess | None:
        """Return the recorded process, None if it is gone: its PID may have been reused."""
        try:
            pid, created_s, *gpu = self._path.read_text().split()
            process = psutil.Process(int(pid))
            same = abs(process.create_time() - float(created_s)) < _SAME_START_S
            gone = process.status() == psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return None
        return StartedProcess(int(pid), "".join(gpu)) if same and not gone else None

    def remove(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)
