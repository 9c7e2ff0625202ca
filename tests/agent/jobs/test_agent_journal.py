"""The agent's own stream: numbered, with its gaps named, and ended even on a full disk."""

import errno
import json
from pathlib import Path

import anyio
import pytest

from benchrace.agent.jobs import job_runner
from benchrace.agent.jobs.agent_journal import AgentJournal, count_lines, last_line, terminal_line
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord, folders
from benchrace.agent.jobs.terminal_event import Circumstances
from benchrace.clock import SystemClock, WallSteps
from benchrace.errors import BenchraceError, Category
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.testing.clock import FakeClock
from tests.agent.fake_central import job

SAMPLE = RuntimeSamplePayload(cost_ns=1)


@pytest.fixture
def job_record() -> JobRecord:
    return JobRecord(spec=job("done"), t0_ns=0, boot_id="b", accepted_at=1.0, version="0")


@pytest.fixture
def folder(tmp_path: Path, job_record: JobRecord) -> JobFolder:
    return JobFolder.create(tmp_path / "jobs", job_record)


def lines(folder: JobFolder) -> list[dict[str, object]]:
    return [json.loads(line) for line in folder.agent.read_text().splitlines()]


def test_a_folder_is_found_again(folder: JobFolder, job_record: JobRecord, tmp_path: Path) -> None:
    assert [folder.record() for folder in folders(tmp_path / "jobs")] == [job_record]
    assert list(folders(tmp_path / "nowhere")) == []
    before = folder.acknowledged
    folder.acknowledge()
    assert (before, folder.acknowledged) == (False, True)
    folder.remove()
    assert list(folders(tmp_path / "jobs")) == []


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path: Path, job_record: JobRecord) -> None:
    (tmp_path / "jobs").write_text("")
    with pytest.raises(BenchraceError) as raised:
        JobFolder.create(tmp_path / "jobs", job_record)
    assert raised.value.category is Category.SYSTEM


def test_samples_are_numbered_and_go_on(folder: JobFolder, job_record: JobRecord) -> None:
    stream = AgentJournal(folder, job_record, SystemClock(), "b")
    stream.sample(SAMPLE)
    stream.sample(SAMPLE)
    stream.close()
    again = AgentJournal(folder, job_record, SystemClock(), "b")
    end = again.end(Circumstances(status=-9))
    again.close()
    assert [line["seq"] for line in lines(folder)] == [0, 1, 2]
    assert terminal_line(folder) == end == last_line(folder.agent)
    assert count_lines(folder.agent) == 3


def test_after_a_reboot_there_is_no_time(folder: JobFolder, job_record: JobRecord) -> None:
    stream = AgentJournal(folder, job_record, SystemClock(), "another boot")
    stream.end(Circumstances())
    stream.close()
    assert lines(folder)[0]["t_ns"] == 0


class FullDisk:
    """Stands in a journal's place, and refuses as long as `full`."""

    def __init__(self, stream: AgentJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        journal = stream._journal
        append = journal.append

        def refusing(data: bytes) -> None:
            if self.full:
                raise BenchraceError(Category.DISK_FULL, "no space")
            append(data)

        monkeypatch.setattr(journal, "append", refusing)


def test_lost_samples_are_counted(
    folder: JobFolder, job_record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AgentJournal(folder, job_record, SystemClock(), "b")
    disk = FullDisk(stream, monkeypatch)
    for _ in range(3):
        stream.sample(SAMPLE)
    disk.full = False
    stream.sample(SAMPLE)
    stream.close()
    gap, sample = lines(folder)
    assert gap["type"] == "log"
    assert "3 runtime samples" in str(gap["payload"])
    assert (sample["type"], sample["seq"]) == ("runtime_sample", 1)


def test_a_step_of_the_clock_is_an_event_and_a_full_disk_no_error(
    folder: JobFolder, job_record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AgentJournal(folder, job_record, SystemClock(), "b")
    stream.clock_step(-2.5)
    disk = FullDisk(stream, monkeypatch)
    stream.clock_step(1.0)
    disk.full = False
    stream.sample(SAMPLE)
    stream.close()
    step, sample = lines(folder)
    assert (step["type"], step["payload"], step["seq"]) == ("clock_step", {"step_s": -2.5}, 0)
    assert sample["seq"] == 1


def test_a_jobs_clock_is_watched(
    folder: JobFolder, job_record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "CLOCK_S", 0.001)
    clock = FakeClock()
    stream = AgentJournal(folder, job_record, clock, "b")

    async def watched() -> None:
        written = anyio.Event()

        def step(step_s: float) -> None:
            AgentJournal.clock_step(stream, step_s)
            anyio.from_thread.run_sync(written.set)

        monkeypatch.setattr(stream, "clock_step", step)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(job_runner._watch_clock, WallSteps(clock), stream)
            clock.jump_s(60.0)
            await written.wait()
            tasks.cancel_scope.cancel()

    anyio.run(watched)
    stream.close()
    (line,) = lines(folder)
    assert line["payload"] == {"step_s": pytest.approx(60.0)}


def test_the_end_is_given_where_it_cannot_be_kept(
    folder: JobFolder, job_record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AgentJournal(folder, job_record, SystemClock(), "b")
    FullDisk(stream, monkeypatch)
    end = json.loads(stream.end(Circumstances(status=-9)))
    stream.close()
    assert end["type"] == "job_error"
    assert terminal_line(folder) is None


def test_the_workers_end_comes_first(folder: JobFolder, job_record: JobRecord) -> None:
    stream = AgentJournal(folder, job_record, SystemClock(), "b")
    own = stream.end(Circumstances())
    stream.close()
    folder.work.write_bytes(own.replace(b'"stream":"agent"', b'"stream":"work"'))
    assert json.loads(terminal_line(folder) or b"")["stream"] == "work"


def test_other_errors_are_not_hidden(
    folder: JobFolder, job_record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AgentJournal(folder, job_record, SystemClock(), "b")

    def broken(data: bytes) -> None:
        raise BenchraceError(Category.SYSTEM, f"error {errno.EIO}")

    monkeypatch.setattr(stream._journal, "append", broken)
    with pytest.raises(BenchraceError, match="error 5"):
        stream.sample(SAMPLE)
    stream.close()
