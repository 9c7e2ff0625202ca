"""Disks that fail and clocks that jump inside real processes, by `shim.c`."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
_WRITE, _SYNC, _ROOM, _SHIFT, _SYNCS_LEFT = range(5)


def compile_shim(folder: Path) -> Path | None:
    """Compile the shim; None without Linux or a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None or os.uname().sysname != "Linux":
        return None
    library = folder / "shim.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


class Shim:
    """The faults of the processes that start with `env`; files below `hit` are affected."""

    def __init__(self, library: Path, folder: Path, hit: Path) -> None:
        hit.mkdir(parents=True, exist_ok=True)
        self._hit = hit
        self._control = folder / "faults"
        self._synced = folder / "synced"
        self._control.write_bytes(struct.pack("<5q", 0, 0, 0, 0, -1))
        self._synced.touch()
        self.env = {
            **os.environ,
            "LD_PRELOAD": str(library),
            "FAULTS": str(self._control),
            "FAULTS_DIR": str(hit),
            "FAULTS_SYNCED": str(self._synced),
        }

    def fail_writes(self, error: int, *, after: int = 0) -> None:
        """Refuse writes with an errno once `after` more bytes are written; 0 ends it."""
        self._set(_ROOM, after)
        self._set(_WRITE, error)

    def fail_syncs(self, error: int) -> None:
        """Refuse every sync with an errno; 0 ends it."""
        self._set(_SYNC, error)

    def shift_clock(self, seconds: float) -> None:
        """Move the wall clock."""
        self._set(_SHIFT, int(seconds * 1e9))

    def kill_in_sync(self, skipped: int) -> None:
        """Kill the process in place of a sync, after as many that succeed."""
        self._set(_SYNCS_LEFT, skipped)

    def lose_power(self) -> int:
        """Take what was not synced from every file, and return how many bytes that were.

        The processes must be dead. A file that was never synced is gone.
        """
        notes = (line.split() for line in self._synced.read_text().splitlines())
        synced = {int(inode): int(size) for inode, size in notes}
        lost = 0
        for path in [path for path in self._hit.rglob("*") if path.is_file()]:
            file = path.stat()
            left = min(file.st_size, synced.get(file.st_ino, 0))
            lost += file.st_size - left
            if file.st_ino in synced:
                os.truncate(path, left)
            else:
                path.unlink()
        return lost

    def _set(self, index: int, value: int) -> None:
        fd = os.open(self._control, os.O_WRONLY)
        try:
            os.pwrite(fd, struct.pack("<q", value), index * 8)
        finally:
            os.close(fd)
