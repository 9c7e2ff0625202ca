"""Repair a log: what cannot be read is cut off, and kept beside it."""

import os
from pathlib import Path

from benchrace.errors import BenchraceError
from benchrace.events import MAX_LINE_BYTES
from benchrace.store import atomic
from benchrace.store.regular import append, open_regular
from benchrace.store.sequence import Cursor

_CHUNK = 1 << 20
BAD = "events.bad"


def scan(path: Path) -> tuple[Cursor, int]:
    """Read a log once; give the numbers that come next, and the offset where reading must end.

    That offset is the file's size where every line can be read and none is missing.
    """
    cursor = Cursor()
    fd = open_regular(path)
    try:
        offset = 0
        while data := os.pread(fd, _CHUNK, offset):
            end = data.rfind(b"\n") + 1
            if not end:
                break
            taken = _take(cursor, data[:end])
            offset += taken
            if taken < end:
                break
        return cursor, offset
    finally:
        os.close(fd)


def cut(path: Path, offset: int) -> int:
    """Cut a log at `offset`, keep the rest in `events.bad` beside it, and return its length."""
    try:
        fd = open_regular(path, os.O_RDWR)
        try:
            size = os.fstat(fd).st_size
            _keep(fd, path.with_name(BAD), offset, size)
            os.ftruncate(fd, offset)
            os.fsync(fd)
        finally:
            os.close(fd)
        atomic.sync_folder(path.parent)
    except OSError as error:
        raise atomic.failure(path, error) from error
    return size - offset


def _take(cursor: Cursor, lines: bytes) -> int:
    start = 0
    while (end := lines.find(b"\n", start)) >= 0:
        try:
            cursor.take(lines[start:end])
        except BenchraceError:
            return start
        start = end + 1
    return start


def _keep(fd: int, beside: Path, offset: int, size: int) -> None:
    while offset < size:
        data = os.pread(fd, min(_CHUNK, size - offset), offset)
        if not data:
            break
        append(beside, data)
        offset += len(data)


assert _CHUNK > MAX_LINE_BYTES, "a chunk must hold the longest line"
