"""A job's work stream for viewers: its lines, and its last event at the end."""

import os
from collections.abc import AsyncIterator

import anyio

from benchrace.agent.jobs.job import Job
from benchrace.events import encode
from benchrace.notifier import Notifier
from benchrace.store.journal import last_newline
from benchrace.store.regular import open_regular
from benchrace.store.tail import Tail


class JobLog:
    """Read by offset; where the agent wrote the end, it follows the worker's last line."""

    epoch = 0

    def __init__(self, job: Job, written: Notifier) -> None:
        self._job = job
        self._written = written

    @property
    def closed(self) -> bool:
        return self._job.phase.final

    @property
    def size(self) -> int:
        return self._work() + len(agents_end(self._job))

    def read(self, offset: int, limit: int = 1 << 16) -> bytes:
        """Return whole lines from `offset`, at most `limit` bytes but at least one line."""
        work = self._work()
        if offset >= work:
            return agents_end(self._job)[offset - work :]
        fd = open_regular(self._job.folder.work)
        try:
            while True:
                data = os.pread(fd, min(limit, work - offset), offset)
                if (end := data.rfind(b"\n") + 1) > 0 or limit >= work - offset:
                    return data[:end]
                limit *= 2
        finally:
            os.close(fd)

    def is_line_start(self, offset: int) -> bool:
        """Check whether a line starts at `offset`."""
        work = self._work()
        if offset == 0 or offset in (work, self.size):
            return True
        if not 0 < offset < work:
            return False
        fd = open_regular(self._job.folder.work)
        try:
            return os.pread(fd, 1, offset - 1) == b"\n"
        finally:
            os.close(fd)

    async def changed(self, offset: int) -> None:
        """Wait until there is something after `offset`, or the job is over."""
        while self.size <= offset and not self.closed:
            await self._written.wait()

    def _work(self) -> int:
        try:
            fd = open_regular(self._job.folder.work)
        except FileNotFoundError:
            return 0
        try:
            return last_newline(fd, os.fstat(fd).st_size)
        finally:
            os.close(fd)


def agents_end(job: Job) -> bytes:
    """Return the last event as a line if the agent wrote it; empty if the worker did."""
    if job.end is None or job.end.stream != "agent":
        return b""
    return encode(job.end)


async def events_from(job: Job, since: int) -> AsyncIterator[bytes]:
    """Yield `{"events":[...]}` in parts: the work stream from line `since`, the end last."""
    tail = Tail(job.folder.work, since)
    before = b'{"events":['
    while (batch := await anyio.to_thread.run_sync(tail.read)) is not None:
        yield before + batch.lines.rstrip(b"\n").replace(b"\n", b",")
        before = b","
    if end := agents_end(job):
        yield before + end.rstrip(b"\n")
        before = b","
    yield b"]}" if before == b"," else before + b"]}"
