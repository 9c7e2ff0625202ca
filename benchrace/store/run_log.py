"""The log of one run: the source of truth, which every reader reads by offset."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchrace.errors import BenchraceError, Category
from benchrace.events import MAX_LINE_BYTES, Stream
from benchrace.store import atomic, recovery
from benchrace.store.journal import Journal
from benchrace.store.regular import open_regular
from benchrace.store.run_folder import RunFolder
from benchrace.store.sequence import Cursor, bad, read_heads

if TYPE_CHECKING:
    from anyio import Event

READ_BYTES = 1 << 16


class Gap(Exception):
    """Lines are missing before those that came; `expected` is the number that is due."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"expected line {expected}")
        self.expected = expected


class StoredLog:
    """A finished log, for readers; raises `system` where it cannot be read."""

    closed = True

    def __init__(self, path: Path, epoch: int) -> None:
        self.epoch = epoch
        try:
            self._fd = open_regular(path)
        except OSError as error:
            raise atomic.failure(path, error) from error
        self.size = os.fstat(self._fd).st_size

    def read(self, offset: int, limit: int = READ_BYTES) -> bytes:
        """Return whole lines from `offset` on, about `limit` bytes; empty at the end."""
        return _whole_lines(self._fd, offset, limit, self.size)

    def is_line_start(self, offset: int) -> bool:
        """Check whether reading may begin at `offset`."""
        return _is_line_start(self._fd, offset, self.size)

    async def changed(self, offset: int) -> None:
        """Return at once: nothing will be added."""

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if (fd := getattr(self, "_fd", -1)) >= 0:
            os.close(fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


class RunLog:
    """Append the streams' lines in the order of their coming; wake the readers.

    `append` and `append_own` are for the event loop's thread: a write to the page cache costs
    less than a hop to another thread. `open`, `sync` and `rewind` block on the disk. `size` is
    the offset of the next line; `cut` counts the bytes that opening had to cut off.
    """

    def __init__(self, folder: RunFolder, journal: Journal, cursor: Cursor, cut: int) -> None:
        self._folder = folder
        self._journal = journal
        self._cursor = cursor
        self._grown: Event | None = None
        self._synced = journal.size
        self._failure: BenchraceError | None = None
        self._read_fd = open_regular(folder.log_path)
        self.cut = cut
        self.closed = False

    @classmethod
    def open(cls, folder: RunFolder) -> "RunLog":
        """Open the log for writing, alone, and make it whole; a cut raises the epoch."""
        journal = Journal(folder.log_path)
        try:
            cursor, end = recovery.scan(folder.log_path)
            cut = journal.size - end
            if cut:
                folder.raise_epoch()
                recovery.cut(folder.log_path, end)
                journal.size = end
            journal.sync()
            return cls(folder, journal, cursor, cut + journal.torn)
        except OSError as error:
            journal.close()
            raise atomic.failure(folder.log_path, error) from error
        except BaseException:
            journal.close()
            raise

    @property
    def unsynced(self) -> int:
        """The bytes that a power loss would take."""
        return self._journal.size - self._synced

    @property
    def size(self) -> int:
        return self._journal.size

    @property
    def epoch(self) -> int:
        return self._folder.metadata.epoch

    def next_seq(self, job_id: str | None, stream: str) -> int:
        """Return the number of the next line of a stream; central's own have no job."""
        return self._cursor.expected(job_id, stream)

    def append(
        self, job_id: str | None, stream: str, first_seq: int, count: int, lines: bytes
    ) -> int:
        """Write what is new of `count` lines and say how many that were; wake the readers.

        Raises `Gap` where lines before them are missing, `bad_output` where they are not what
        they are said to be, `disk_full` or `system` where the disk refuses: the log is then as
        it was, and the same lines can come again.
        """
        self._check_alive()
        expected = self.next_seq(job_id, stream)
        if first_seq > expected:
            raise Gap(expected)
        repeated = expected - first_seq
        if repeated >= count:
            return 0
        new = _after(lines, repeated)
        taken = new.count(b"\n")
        if taken != count - repeated or not new.endswith(b"\n"):
            raise bad(f"{count - repeated} lines were announced and {taken} came", new)
        _check(new, job_id, stream, expected)
        self._write(new)
        self._cursor.advance(job_id, stream, expected + taken)
        return taken

    def append_own(self, event: bytes) -> None:
        """Write one encoded event of central's; its number must be the next of its stream."""
        seq = self.next_seq(None, Stream.CENTRAL)
        if not self.append(None, Stream.CENTRAL, seq, 1, event):
            raise bad("central's own line came twice", event)

    def sync(self) -> int:
        """Make what is written survive a power loss, and return the offset up to which that holds.

        After a refusal nothing is appended until `rewind`: what the disk has is unknown.
        """
        self._check_alive()
        size = self.size
        try:
            self._journal.sync()
        except BenchraceError as error:
            self._failure = error
            raise
        self._synced = size
        return size

    def rewind(self) -> None:
        """Go back to what is on disk after a failed `sync`; raises the epoch."""
        self._folder.raise_epoch()
        recovery.cut(self._folder.log_path, self._synced)
        self._cursor, self._journal.size = recovery.scan(self._folder.log_path)
        self._failure = None

    async def changed(self, offset: int) -> None:
        """Wait until there is more than `offset`, or the log is closed."""
        while self.size <= offset and not self.closed:
            if self._grown is None:
                from anyio import Event  # Who reads a stored log does not wait.

                self._grown = Event()
            await self._grown.wait()

    def read(self, offset: int, limit: int = READ_BYTES) -> bytes:
        """Return whole lines from `offset` on, about `limit` bytes; empty at the end."""
        return _whole_lines(self._read_fd, offset, limit, self.size)

    def is_line_start(self, offset: int) -> bool:
        """Check whether reading may begin at `offset`."""
        return _is_line_start(self._read_fd, offset, self.size)

    def close(self) -> None:
        """End the log: readers read to the end and stop. Closing twice does nothing.

        The file stays open for the readers until the last of them lets go of this object.
        """
        if not self.closed:
            self.closed = True
            self._journal.close()
            self._wake()

    def __del__(self) -> None:
        if (fd := getattr(self, "_read_fd", -1)) >= 0:
            os.close(fd)

    def _write(self, lines: bytes) -> None:
        self._journal.append(lines)
        self._wake()

    def _wake(self) -> None:
        if self._grown is not None:
            self._grown.set()
            self._grown = None

    def _check_alive(self) -> None:
        if self.closed:
            raise BenchraceError(Category.SYSTEM, f"the log of {self._folder.run_id} is closed")
        if self._failure is not None:
            raise self._failure


def _check(lines: bytes, job_id: str | None, stream: str, first_seq: int) -> None:
    for seq, head in enumerate(read_heads(lines), first_seq):
        if head.seq != seq or head.job_id != job_id or head.stream != stream:
            line = lines.split(b"\n")[seq - first_seq]
            raise bad("a line is not of the stream or the number that was announced", line)


def _after(lines: bytes, skip: int) -> bytes:
    position = 0
    for _ in range(skip):
        position = lines.find(b"\n", position) + 1
        if not position:
            return b""
    return lines[position:]


def _whole_lines(fd: int, offset: int, limit: int, size: int) -> bytes:
    data = os.pread(fd, min(limit, max(0, size - offset)), offset)
    end = data.rfind(b"\n") + 1
    if not end and data:
        data = os.pread(fd, min(MAX_LINE_BYTES + 1, size - offset), offset)
        end = data.find(b"\n") + 1
    return data[:end]


def _is_line_start(fd: int, offset: int, size: int) -> bool:
    if not 0 <= offset <= size:
        return False
    return offset == 0 or os.pread(fd, 1, offset - 1) == b"\n"
