"""The writer: one end, nothing after it, and a disk that is full."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.events import ComputeLine, JobCancelled, JobDone, decode
from benchrace.events import payloads as p
from benchrace.protocol.agent_worker import Unwritten, WorkerExit
from benchrace.store.journal import Journal
from benchrace.testing import FakeClock, Worker, job_lane, job_spec
from benchrace.worker.job.writer import Writer
from tests.disk import small_disk

LINE = p.ComputeLinePayload(line="x")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "work.ndjson") as journal:
        yield journal


@pytest.fixture
def writer(journal: Journal) -> Writer:
    spec = job_spec("scripted", [job_lane(0, "scripted")])
    clock = FakeClock()
    clock.pass_s(2)
    return Writer(journal, spec, clock=clock, t0_ns=1_000_000_000)


def lines(journal: Journal) -> list[Any]:
    return [decode(line) for line in journal.path.read_bytes().splitlines()]


def test_events_are_numbered_and_stamped_from_the_start(writer: Writer, journal: Journal) -> None:
    writer.emit(ComputeLine, LINE, lane_id="lane-0", round_=3)
    writer.emit(ComputeLine, LINE)
    first, second = lines(journal)
    assert (first.seq, first.t_ns, first.lane_id, first.round) == (0, 2_000_000_000, "lane-0", 3)
    assert (second.seq, second.lane_id, second.round) == (1, None, None)
    assert first.timestamp_s == 1_767_225_602.0


def test_there_is_one_end_and_nothing_after_it(writer: Writer, journal: Journal) -> None:
    assert writer.end(JobDone, p.JobDonePayload(metrics={}))
    assert not writer.end(JobCancelled, p.JobCancelledPayload(reason="late"))
    writer.emit(ComputeLine, LINE)
    assert [type(line) for line in lines(journal)] == [JobDone]


def test_one_end_also_when_many_threads_want_it(writer: Writer, journal: Journal) -> None:
    barrier = threading.Barrier(8)
    won: list[bool] = []

    def end() -> None:
        barrier.wait()
        writer.emit(ComputeLine, LINE)
        won.append(writer.end(JobDone, p.JobDonePayload(metrics={})))

    threads = [threading.Thread(target=end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1
    result = lines(journal)
    assert isinstance(result[-1], JobDone)
    assert [figure.seq for figure in result] == list(range(len(result)))


def test_an_event_that_is_too_long_leaves_no_gap(writer: Writer, journal: Journal) -> None:
    with pytest.raises(BenchraceError, match="over the limit"):
        writer.emit(ComputeLine, p.ComputeLinePayload(line="x" * 300_000))
    writer.emit(ComputeLine, LINE)
    assert writer.broken is None
    assert [line.seq for line in lines(journal)] == [0]


def test_a_full_disk_breaks_the_writer_once_and_for_all(
    writer: Writer, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[int] = []
    writer.on_broken = lambda: failures.append(1)
    writer.emit(ComputeLine, LINE)
    full = BenchraceError(Category.DISK_FULL, "full")

    def refuse(_: bytes) -> None:
        raise full

    monkeypatch.setattr(journal, "append", refuse)
    for _ in range(2):
        with pytest.raises(BenchraceError, match="full"):
            writer.emit(ComputeLine, LINE)
    assert writer.broken is full
    assert failures == [1]
    assert not writer.end(JobDone, p.JobDonePayload(metrics={}))


def test_a_job_on_a_full_disk_ends_at_a_whole_line(
    tmp_path: Path, order: Callable[..., Any]
) -> None:
    """A real small file system, filled by a real job."""
    with small_disk(tmp_path, "size=64k"):
        with Worker(order({"units": 50, "text": "y" * 70}, rounds=1000)) as worker:
            assert worker.wait() == WorkerExit.UNWRITABLE
            *_, last = iter(worker.hear, None)
            assert isinstance(last, Unwritten)
            assert last.failure.category is Category.DISK_FULL
            assert "No space left" in worker.log
            assert worker.log.count("\n") == 1
        result = [decode(line) for line in (tmp_path / "work.ndjson").read_bytes().splitlines()]
        assert [figure.seq for figure in result] == list(range(len(result)))
        assert len(result) > 100
        assert (tmp_path / "work.ndjson").read_bytes().endswith(b"\n")
