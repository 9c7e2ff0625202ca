"""A reader of a journal that remembers its position."""

import os
from pathlib import Path

import msgspec

from benchrace.store.regular import open_regular


class Batch(msgspec.Struct, frozen=True):
    """Whole lines: `lines` as they stand in the file, `count` of them, `first_seq` the first."""

    first_seq: int
    count: int
    lines: bytes


class Tail:
    """Read whole lines of a growing file, from line `seq` on, at most `limit` bytes at a time.

    A line longer than `limit` is still given whole. The file may not exist yet; one that cannot be
    read raises OSError. `at_end` says that the last read came to the end of what was written.
    """

    def __init__(self, path: Path, seq: int = 0, *, limit: int = 1 << 18) -> None:
        self.path = path
        self.offset = 0
        self.seq = 0
        self.at_end = False
        self._limit = limit
        self._skip = seq

    def read(self) -> Batch | None:
        """Return the next whole lines, or None where there are none yet."""
        while self.seq < self._skip:
            ahead = self._lines(self._skip - self.seq)
            if ahead is None:
                return None
        return self._lines(None)

    def _lines(self, most: int | None) -> Batch | None:
        data = self._whole()
        if data is None:
            return None
        count = data.count(b"\n")
        if most is not None and count > most:
            position = -1
            for _ in range(most):
                position = data.index(b"\n", position + 1)
            data, count = data[: position + 1], most
        batch = Batch(self.seq, count, data)
        self.seq += count
        self.offset += len(data)
        return batch

    def _whole(self) -> bytes | None:
        try:
            if os.lstat(self.path).st_size == self.offset > 0:
                # Asked many times a second, and most often nothing has been added.
                self.at_end = True
                return None
            fd = open_regular(self.path)
        except FileNotFoundError:
            self.at_end = True
            return None
        try:
            limit = self._limit
            while True:
                data = os.pread(fd, limit, self.offset)
                self.at_end = len(data) < limit
                end = data.rfind(b"\n") + 1
                if end:
                    return data[:end]
                if self.at_end:
                    return None
                limit *= 2
        finally:
            os.close(fd)
