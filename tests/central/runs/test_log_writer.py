"""The writing side of a run's log, where a sync takes its time."""

import errno
import threading
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from anyio import lowlevel

from benchrace.central.disk import Disk, nothing
from benchrace.central.runs.log_writer import LogWriter
from benchrace.central.settings import Limits
from benchrace.clock import SystemClock
from benchrace.errors import BenchraceError, Category
from benchrace.store.run_log import RunLog
from benchrace.testing.limits import HANG_S


class SlowLog:
    """A log of one line, whose first sync ends once it may, well or not."""

    closed = False
    size = 1

    def __init__(self, *, refuses: bool) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()
        self._refuses = refuses

    def next_seq(self, job_id: str | None, stream: str) -> int:
        return 1

    def append_own(self, event: bytes) -> None:
        """Take a line."""

    def sync(self) -> int:
        self.began.set()
        assert self.may_end.wait(HANG_S)
        if self._refuses:
            self._refuses = False
            raise BenchraceError(Category.SYSTEM, f"it refuses: {errno.EIO}")
        return 1

    def rewind(self) -> None:
        """Go back to nothing."""


@pytest.mark.parametrize("refuses", [False, True])
async def test_what_is_being_synced_is_not_on_the_disk_yet(tmp_path: Path, refuses: bool) -> None:
    log = SlowLog(refuses=refuses)
    writer = LogWriter(
        log=cast(RunLog, log),
        disk=Disk(tmp_path, nothing, retry_s=0.01),
        limits=Limits(),
        clock=SystemClock(),
        metadata=anyio.Lock(),
    )
    settled: list[bool] = []

    async def settle() -> None:
        settled.append(await writer.settle())
        writer.end()

    def post(_: Any) -> None:
        """Nobody waits for an acknowledgement."""

    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as group:
            group.start_soon(writer.run, post, nothing)
            assert writer.write_own(lambda _: b"{}\n")
            await anyio.to_thread.run_sync(log.began.wait)
            group.start_soon(settle)
            for _ in range(10):
                await lowlevel.checkpoint()
            before = list(settled)
            log.may_end.set()
    assert before == []
    assert settled == [not refuses]
