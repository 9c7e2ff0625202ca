"""The agent's own stream: numbered, with its gaps named, and ended even on a full disk."""

import errno
import json
from pathlib import Path

import pytest

from benchrace.agent.ending import Circumstances
from benchrace.agent.folder import JobFolder, Kept, folders
from benchrace.agent.stream import AgentStream, count_lines, last_line, terminal_line
from benchrace.clock import SystemClock
from benchrace.errors import BenchraceError, Category
from benchrace.events.payloads import RuntimeSamplePayload

from .fake_central import job

SAMPLE = RuntimeSamplePayload(cost_ns=1)


@pytest.fixture
def kept() -> Kept:
    return Kept(spec=job("done"), t0_ns=0, boot_id="b", accepted_at=1.0, version="0")


@pytest.fixture
def folder(tmp_path: Path, kept: Kept) -> JobFolder:
    return JobFolder.create(tmp_path / "jobs", kept)


def lines(folder: JobFolder) -> list[dict[str, object]]:
    return [json.loads(line) for line in folder.agent.read_text().splitlines()]


def test_a_folder_is_found_again(folder: JobFolder, kept: Kept, tmp_path: Path) -> None:
    assert [each.kept() for each in folders(tmp_path / "jobs")] == [kept]
    assert list(folders(tmp_path / "nowhere")) == []
    before = folder.acknowledged
    folder.acknowledge()
    assert (before, folder.acknowledged) == (False, True)
    folder.remove()
    assert list(folders(tmp_path / "jobs")) == []


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path: Path, kept: Kept) -> None:
    (tmp_path / "jobs").write_text("")
    with pytest.raises(BenchraceError) as raised:
        JobFolder.create(tmp_path / "jobs", kept)
    assert raised.value.category is Category.SYSTEM


def test_samples_are_numbered_and_go_on(folder: JobFolder, kept: Kept) -> None:
    stream = AgentStream(folder, kept, SystemClock(), "b")
    stream.sample(SAMPLE)
    stream.sample(SAMPLE)
    stream.close()
    again = AgentStream(folder, kept, SystemClock(), "b")
    end = again.end(Circumstances(status=-9))
    again.close()
    assert [line["seq"] for line in lines(folder)] == [0, 1, 2]
    assert terminal_line(folder) == end == last_line(folder.agent)
    assert count_lines(folder.agent) == 3


def test_after_a_reboot_there_is_no_time(folder: JobFolder, kept: Kept) -> None:
    stream = AgentStream(folder, kept, SystemClock(), "another boot")
    stream.end(Circumstances())
    stream.close()
    assert lines(folder)[0]["t_ns"] == 0


class FullDisk:
    """Stands in a journal's place, and refuses as long as `full`."""

    def __init__(self, stream: AgentStream, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        journal = stream._journal
        append = journal.append

        def refusing(data: bytes) -> None:
            if self.full:
                raise BenchraceError(Category.DISK_FULL, "no space")
            append(data)

        monkeypatch.setattr(journal, "append", refusing)


def test_lost_samples_are_counted(
    folder: JobFolder, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AgentStream(folder, kept, SystemClock(), "b")
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


def test_the_end_is_given_where_it_cannot_be_kept(
    folder: JobFolder, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AgentStream(folder, kept, SystemClock(), "b")
    FullDisk(stream, monkeypatch)
    end = json.loads(stream.end(Circumstances(status=-9)))
    stream.close()
    assert end["type"] == "job_error"
    assert terminal_line(folder) is None


def test_the_workers_end_comes_first(folder: JobFolder, kept: Kept) -> None:
    stream = AgentStream(folder, kept, SystemClock(), "b")
    own = stream.end(Circumstances())
    stream.close()
    folder.work.write_bytes(own.replace(b'"job_error"', b'"job_done"'))
    assert json.loads(terminal_line(folder) or b"")["type"] == "job_done"


def test_other_errors_are_not_hidden(
    folder: JobFolder, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AgentStream(folder, kept, SystemClock(), "b")

    def broken(data: bytes) -> None:
        raise BenchraceError(Category.SYSTEM, f"error {errno.EIO}")

    monkeypatch.setattr(stream._journal, "append", broken)
    with pytest.raises(BenchraceError, match="error 5"):
        stream.sample(SAMPLE)
    stream.close()
