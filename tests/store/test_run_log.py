"""The log of a run: what is appended, dropped and rejected, and how it is repaired."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category
from benchrace.events import Stream
from benchrace.store import run_log
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import Gap, RunLog, StoredLog
from tests.disk import small_disk


def everything(log: RunLog | StoredLog, limit: int = 1 << 16) -> bytes:
    got = b""
    while chunk := log.read(len(got), limit):
        got += chunk
    return got


def test_duplicates_are_dropped_and_gaps_refused(folder: RunFolder, make: Any) -> None:
    log = RunLog.open(folder)
    assert log.append("j0", "work", 0, 3, make.lines(0, 3)) == 3
    assert log.append("j0", "work", 0, 3, make.lines(0, 3)) == 0
    assert log.append("j0", "work", 1, 4, make.lines(1, 4)) == 2
    with pytest.raises(Gap) as caught:
        log.append("j0", "work", 7, 1, make.lines(7, 1))
    assert caught.value.expected == 5
    assert everything(log) == make.lines(0, 5)
    assert log.next_seq("j0", "work") == 5
    assert log.next_seq("j0", "agent") == 0
    log.close()


def test_own_events_have_their_own_numbers(folder: RunFolder, make: Any) -> None:
    log = RunLog.open(folder)
    log.append_own(make.line(0, job_id=None, stream=Stream.CENTRAL))
    log.append("j0", "work", 0, 1, make.lines(0, 1))
    log.append_own(make.line(1, job_id=None, stream=Stream.CENTRAL))
    with pytest.raises(BenchraceError):
        log.append_own(make.line(5, job_id=None, stream=Stream.CENTRAL))
    assert log.next_seq(None, "central") == 2
    log.close()


@pytest.mark.parametrize(
    "forge",
    [
        lambda good: good.replace(b'"seq":1', b'"seq":9'),
        lambda good: good.replace(b'"j0"', b'"other"'),
        lambda good: good.replace(b'"work"', b'"central"'),
        lambda good: good[:-1],
        lambda good: good + b"rest",
        lambda good: good + b"\n",
        lambda good: good.replace(b"x", b"\xff"),
        lambda good: good.replace(b"{", b"{\r", 1),
        lambda good: good.replace(b'"x"', b"[" * 50_000),
        lambda good: good.replace(b'"x"', b'"' + b"x" * 300_000 + b'"'),
    ],
)
def test_what_could_damage_the_log_is_refused(folder: RunFolder, make: Any, forge: Any) -> None:
    log = RunLog.open(folder)
    with pytest.raises(BenchraceError) as caught:
        log.append("j0", "work", 0, 2, forge(make.lines(0, 2)))
    assert caught.value.category is Category.BAD_OUTPUT
    assert log.size == 0
    assert log.append("j0", "work", 0, 2, make.lines(0, 2)) == 2
    log.close()


def test_a_log_has_one_writer(folder: RunFolder) -> None:
    log = RunLog.open(folder)
    with pytest.raises(BenchraceError) as caught:
        RunLog.open(folder)
    assert caught.value.category is Category.BUSY
    log.close()
    RunLog.open(folder).close()


def test_reading_gives_whole_lines_of_any_length(folder: RunFolder, make: Any) -> None:
    log = RunLog.open(folder)
    data = make.line(0) + make.line(1, "y" * 200_000) + make.line(2)
    log.append("j0", "work", 0, 3, data)
    assert everything(log, 10) == data
    assert log.read(log.size) == b""
    assert log.is_line_start(0)
    assert log.is_line_start(len(make.line(0)))
    assert not log.is_line_start(1)
    assert not log.is_line_start(log.size + 1)
    assert not log.is_line_start(-1)
    log.close()


@pytest.mark.slow
def test_a_tail_cut_at_any_byte_loses_only_what_was_cut(
    folder: RunFolder, make: Any, tmp_path: Path
) -> None:
    before, last = make.lines(0, 4), make.lines(4, 3)
    for length in range(len(last) + 1):
        folder.log_path.write_bytes(before + last[:length])
        log = RunLog.open(folder)
        whole = last[:length].count(b"\n")
        assert everything(log) == make.lines(0, 4 + whole)
        assert log.append("j0", "work", 4 + whole, 1, make.line(4 + whole)) == 1
        log.close()
    assert folder.metadata.epoch == 0


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(garbage=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_garbage_is_cut_and_kept(folder: RunFolder, make: Any, garbage: bytes) -> None:
    beside = folder.path / "events.bad"
    beside.unlink(missing_ok=True)
    epoch = folder.metadata.epoch
    folder.log_path.write_bytes(make.lines(0, 3) + b"?" + garbage + b"\n" + make.line(3))
    log = RunLog.open(folder)
    assert everything(log) == make.lines(0, 3)
    assert beside.read_bytes() == b"?" + garbage + b"\n" + make.line(3)
    assert log.cut == len(beside.read_bytes())
    assert log.epoch == epoch + 1
    log.close()
    assert RunFolder.open(folder.path.parent, folder.run_id).metadata.epoch == epoch + 1


@pytest.mark.parametrize("wrong", [5, 1])
def test_a_missing_or_doubled_line_ends_what_can_be_trusted(
    folder: RunFolder, make: Any, wrong: int
) -> None:
    folder.log_path.write_bytes(make.lines(0, 3) + make.line(wrong))
    log = RunLog.open(folder)
    assert everything(log) == make.lines(0, 3)
    assert log.next_seq("j0", "work") == 3
    log.close()


def test_numbers_are_found_again_over_many_chunks(folder: RunFolder, make: Any) -> None:
    data = b"".join(make.lines(0, 2000, "z" * 300, job) for job in ("j0", "j1"))
    assert len(data) > 1 << 20
    folder.log_path.write_bytes(data)
    log = RunLog.open(folder)
    assert (log.next_seq("j0", "work"), log.next_seq("j1", "work")) == (2000, 2000)
    assert log.cut == 0
    log.close()


def test_a_full_disk_takes_nothing_and_heals(
    folder: RunFolder, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog.open(folder)
    log.append("j0", "work", 0, 1, make.lines(0, 1))
    real = os.write

    def short(fd: int, data: Any) -> int:
        if len(data) > 100:
            return real(fd, bytes(data[:100]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(BenchraceError) as caught:
        log.append("j0", "work", 1, 3, make.lines(1, 3))
    assert caught.value.category is Category.DISK_FULL
    assert folder.log_path.read_bytes() == make.lines(0, 1)
    monkeypatch.undo()
    assert log.append("j0", "work", 1, 3, make.lines(1, 3)) == 3
    assert everything(log) == make.lines(0, 4)
    log.close()


def test_a_failed_sync_is_not_tried_again(
    folder: RunFolder, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog.open(folder)
    log.append("j0", "work", 0, 2, make.lines(0, 2))
    assert log.sync() == log.size
    log.append("j0", "work", 2, 2, make.lines(2, 2))

    def refuse(fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", refuse)
    with pytest.raises(BenchraceError):
        log.sync()
    monkeypatch.undo()
    for again in (log.sync, lambda: log.append("j0", "work", 4, 1, make.line(4))):
        with pytest.raises(BenchraceError, match="Input/output error"):
            again()
    log.rewind()
    assert (log.epoch, log.next_seq("j0", "work")) == (1, 2)
    assert log.append("j0", "work", 2, 2, make.lines(2, 2)) == 2
    assert everything(log) == make.lines(0, 4)
    log.close()


async def test_one_event_wakes_every_reader(folder: RunFolder, make: Any) -> None:
    log = RunLog.open(folder)
    got: list[bytes] = []

    async def read() -> None:
        offset = 0
        while not (log.closed and offset == log.size):
            await log.changed(offset)
            chunk = log.read(offset)
            offset += len(chunk)
            got.append(chunk)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(read)
        for seq in range(4):
            await anyio.wait_all_tasks_blocked()
            log.append("j0", "work", seq, 1, make.line(seq))
        await anyio.wait_all_tasks_blocked()
        log.close()
    assert b"".join(got[0::3]) == b"".join(got[1::3]) == make.lines(0, 4)


def test_a_closed_log_is_read_to_its_end_and_written_no_more(folder: RunFolder, make: Any) -> None:
    log = RunLog.open(folder)
    log.append("j0", "work", 0, 2, make.lines(0, 2))
    log.close()
    log.close()
    with pytest.raises(BenchraceError, match="closed"):
        log.append("j0", "work", 2, 1, make.line(2))
    assert everything(log) == make.lines(0, 2)
    stored = StoredLog(folder.log_path, log.epoch)
    assert everything(stored, 100) == make.lines(0, 2)
    stored.close()
    stored.close()


WRITER = """
import sys
from pathlib import Path
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import RunLog
folder = RunFolder.open(Path(sys.argv[1]), sys.argv[2])
log = RunLog.open(folder)
line = folder.path.joinpath("line").read_bytes()
while True:
    seq = log.next_seq("j0", "work")
    log.append("j0", "work", seq, 1, line.replace(b'"seq":0', b'"seq":%d' % seq))
    print(seq, flush=True)
"""


@pytest.mark.slow
def test_after_kill_every_line_that_was_written_is_there(folder: RunFolder, make: Any) -> None:
    (folder.path / "line").write_bytes(make.line(0))
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(folder.path.parent), folder.run_id]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(50):
                newest = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().split("\n")
            newest = max([newest, *(int(number) for number in rest[:-1] if number)])
        log = RunLog.open(folder)
        assert log.next_seq("j0", "work") in (newest + 1, newest + 2)
        log.close()
    assert folder.metadata.epoch == 0


def test_a_real_disk_that_is_full(tmp_path: Path, make: Any) -> None:
    with small_disk(tmp_path / "disk", "size=256k") as disk:
        folder = RunFolder.create(disk / "runs", make.metadata())
        log = RunLog.open(folder)
        with pytest.raises(BenchraceError) as caught:
            fill(log, make)
        assert caught.value.category is Category.DISK_FULL
        count = log.next_seq("j0", "work")
        assert folder.log_path.read_bytes() == make.lines(0, count, "f" * 1000)
        with pytest.raises(BenchraceError) as caught:
            RunFolder.create(disk / "runs", make.metadata("2026-11-25_000000_000000"))
        assert caught.value.category is Category.DISK_FULL
        log.close()
        del log


def fill(log: RunLog, make: Any) -> None:
    for seq in range(1000):
        log.append("j0", "work", seq, 1, make.line(seq, "f" * 1000))


def test_the_limit_of_a_read_is_64_kib() -> None:
    assert run_log.READ_BYTES == 64 * 1024
