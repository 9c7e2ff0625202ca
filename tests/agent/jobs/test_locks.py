"""The locks of the host and of GPUs where somebody has put something in their place."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchrace.agent.host_lock import HostLock, lock_dir
from benchrace.agent.jobs.slot import Slot
from benchrace.errors import BenchraceError, Category
from benchrace.protocol import agent_central as m
from benchrace.run.states import JobPhase
from tests.agent.conftest import StartAgent
from tests.agent.fake_central import FakeCentral, job
from tests.disk import fill, small_disk

pytestmark = pytest.mark.slow

LOCK = f"benchrace-host-{os.getuid()}.lock"


def squat(path: Path, kind: str) -> None:
    match kind:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(path.with_name("made by following"))
        case "pipe":
            os.mkfifo(path)
        case "another user's":
            path.write_text("")
            path.chmod(0o666)
            if os.geteuid() != 0:
                pytest.skip("giving a file away needs root")
            os.chown(path, 12345, 12345)
        case _:
            raise ValueError(kind)


SQUATTERS = ["folder", "link", "pipe", "another user's"]


@pytest.mark.parametrize("kind", SQUATTERS)
async def test_a_lock_that_cannot_be_used_is_a_failure_with_a_remedy(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / LOCK
    squat(path, kind)
    slot = Slot("m1", HostLock(path))
    with pytest.raises(BenchraceError) as raised:
        await slot.take("j0123456789abcdef")
    assert raised.value.category is Category.SYSTEM
    assert str(path) in raised.value.message
    assert f"Remove {path}" in raised.value.remedy
    assert slot.job_id is None
    assert not path.with_name("made by following").exists()
    path.rmdir() if kind == "folder" else path.unlink()
    await slot.take("j0123456789abcdef")
    slot.release()


def test_a_folder_that_is_full_or_gone_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BenchraceError, match="No such file"):
        HostLock(tmp_path / "gone" / "lock").take("x")

    def full(*_: Any, **__: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(BenchraceError, match="No space left") as raised:
        HostLock(tmp_path / "lock").take("x")
    monkeypatch.undo()
    assert raised.value.category is Category.DISK_FULL
    assert str(tmp_path) in raised.value.remedy


def test_a_lock_without_room_for_words_holds_and_is_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    one, other = HostLock(tmp_path / "lock"), HostLock(tmp_path / "lock")
    monkeypatch.setattr(os, "pwrite", full)
    assert one.take("one") is None
    monkeypatch.undo()
    assert other.take("other") == "another agent"
    one.release()
    assert other.take("other") is None
    other.release()


def test_every_agent_of_a_user_looks_at_the_same_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "not there yet"))
    assert lock_dir() == tmp_path / "not there yet"
    monkeypatch.delenv("TMPDIR")
    assert lock_dir() == Path("/tmp")


def test_a_squatted_lock_ends_the_job_and_not_the_agent(
    tmp_path: Path, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    squat(tmp_path / LOCK, "folder")
    with FakeCentral() as central:
        agent = start_agent(central=central.url, share_host=False).started()
        link = central.link().welcome()
        first, then = job("done"), job("done")
        link.say(m.StartJob(spec=first))
        refused = link.until(m.JobRefused)
        assert (refused.job_id, refused.failure.category) == (first.job_id, Category.SYSTEM)
        assert LOCK in refused.failure.remedy
        (tmp_path / LOCK).rmdir()
        link.say(m.StartJob(spec=then))
        link.until_phase(JobPhase.DONE)
        assert agent.get("/health")["busy"] is False


@pytest.fixture
def full_tmp(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "full", "size=64k") as disk:
        fill(disk / "filler")
        yield disk


def test_jobs_run_while_the_folder_of_locks_is_full(
    full_tmp: Path, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(full_tmp))
    agent = start_agent(share_host=False).started()
    for _ in range(2):
        agent.until(agent.act("done"), "done")
