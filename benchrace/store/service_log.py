"""The log of a service started in the background: one file, and older ones beside it.

`agent-a.log` is written; when it is full it becomes `agent-a.log.1`, that one `agent-a.log.2`,
and so on. The oldest goes. Every function here blocks.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from benchrace import permissions

MAX_BYTES = 8 << 20
MAX_OLDER = 3
_PIECE = 1 << 16


def rotate_if_full(path: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Rotate a full log and return True; raises OSError."""
    try:
        if path.stat().st_size < max_bytes:
            return False
    except FileNotFoundError:
        return False
    for number in range(MAX_OLDER, 0, -1):
        source = path if number == 1 else _older(path, number - 1)
        if source.exists():
            source.replace(_older(path, number))
    return True


def open_log(path: Path) -> BinaryIO:
    """Open a log to append to it, with its folder and all of it private."""
    permissions.make_folder(path.parent)
    rotate_if_full(path)
    return open(path, "ab", opener=permissions.opener)


def files(path: Path) -> list[Path]:
    """List the files of a log, the oldest first."""
    older = [_older(path, number) for number in range(MAX_OLDER, 0, -1)]
    return [file for file in (*older, path) if file.is_file() and not file.is_symlink()]


def read_end(path: Path, max_bytes: int) -> tuple[bytes, int]:
    """Return the last bytes of a log over all of its files, and how many there are in all.

    Raises FileNotFoundError if the log is missing.
    """
    parts: list[bytes] = []
    left, total = max_bytes, 0
    names = files(path)
    if not names:
        raise FileNotFoundError(path)
    for name in reversed(names):
        try:
            with _open(name) as file:
                size = file.seek(0, os.SEEK_END)
                wanted = min(left, size)
                file.seek(size - wanted)
                data = file.read(wanted)
        except FileNotFoundError:
            # Rotated away meanwhile.
            continue
        parts.append(data)
        total += size
        left -= len(data)
    return b"".join(reversed(parts)), total


class Follower:
    """Reads what is added to a log from now on, over any number of rotations."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _open(path)
        self._file.seek(0, os.SEEK_END)

    def read(self) -> Iterator[bytes]:
        """Yield all that was added since the last call."""
        while True:
            yield from self._rest()
            following = self._following()
            if following is None:
                return
            # What came between the first look and the rotation is still in the old file.
            yield from self._rest()
            self._file.close()
            self._file = following

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rest(self) -> Iterator[bytes]:
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            # The file was truncated.
            self._file.seek(0)
        while data := self._file.read(_PIECE):
            yield data

    def _following(self) -> BinaryIO | None:
        """Open the file that was begun after ours; None while ours is the one written."""
        ours = os.fstat(self._file.fileno())
        later: BinaryIO | None = None
        for name in reversed(files(self._path)):
            try:
                file = _open(name)
            except FileNotFoundError:
                # Being rotated at this moment: the next look finds all of them.
                if later is not None:
                    later.close()
                return None
            if os.path.samestat(os.fstat(file.fileno()), ours):
                file.close()
                return later
            if later is not None:
                later.close()
            later = file
        # Ours is gone, and so may others be: go on with the oldest that is left.
        return later


def _older(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _open(path: Path) -> BinaryIO:
    # A link, or a pipe, in the folder of logs is not a log.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    return os.fdopen(fd, "rb")
