"""The sequence of a run's log: per job and stream, numbers without a gap from 0."""

from contextlib import suppress

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.events import MAX_LINE_BYTES, Head, head, heads

Key = tuple[str | None, str]
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Cursor:
    """The next number of each stream of each job."""

    def __init__(self) -> None:
        self._next: dict[Key, int] = {}

    def expected(self, job_id: str | None, stream: str) -> int:
        return self._next.get((job_id, stream), 0)

    def advance(self, job_id: str | None, stream: str, seq: int) -> None:
        self._next[(job_id, stream)] = seq

    def take(self, line: bytes) -> None:
        """Count one line; raises `bad_output` where it is invalid or not the next one."""
        head = read_head(line)
        expected = self.expected(head.job_id, head.stream)
        if head.seq != expected:
            raise bad(f"a line has number {head.seq}, expected {expected}", line)
        self.advance(head.job_id, head.stream, expected + 1)


def read_head(line: bytes) -> Head:
    """Decode a line's head; raises `bad_output` on garbage, an overlong line or a raw CR."""
    if len(line) > MAX_LINE_BYTES:
        raise bad(f"a line has {len(line)} bytes, over the limit of {MAX_LINE_BYTES}", line)
    if b"\r" in line or not _is_text(line):
        raise bad("a line is not one line of UTF-8", line)
    try:
        return head(line)
    except _UNREADABLE as error:
        raise bad(f"invalid event: {error}", line) from error


def read_heads(lines: bytes) -> list[Head]:
    """Decode the heads of whole lines, split at nothing but LF; raises as `read_head` does."""
    rows = lines[:-1].split(b"\n")
    # All at once where all are good: most of what a fast run costs central would be spent here.
    if b"\r" not in lines and _is_text(lines) and max(map(len, rows)) <= MAX_LINE_BYTES:
        with suppress(*_UNREADABLE):
            return heads(rows)
    return [read_head(row) for row in rows]


def bad(message: str, line: bytes) -> BenchraceError:
    """Create the error for a line that cannot be part of a log."""
    return BenchraceError(
        Category.BAD_OUTPUT,
        message,
        "Update the side that wrote it: the protocols are incompatible.",
        detail=repr(line[:200]),
    )


def _is_text(line: bytes) -> bool:
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
