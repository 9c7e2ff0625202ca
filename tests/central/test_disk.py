"""A disk that refuses pauses the view; the agents keep what they measure, and it heals."""

import errno
from pathlib import Path

import anyio
import pytest

from benchrace.central.disk import Disk
from benchrace.errors import BenchraceError, Category
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState
from benchrace.store.journal import Journal
from tests.central.hosting import Host
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3, warmup=0)


class FullDisk:
    """Stands before the writes of journals and files, and refuses while `full` or `broken`.

    A sync fails once when it would cover the text `fails_at`.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.broken = False
        self.fails_at = b""
        append, sync, probe = Journal.append, Journal.sync, Disk.probe

        def refuse() -> None:
            if self.full:
                raise BenchraceError(Category.DISK_FULL, "events.ndjson: No space left on device")

        def appended(journal: Journal, lines: bytes) -> None:
            refuse()
            append(journal, lines)

        def synced(journal: Journal) -> None:
            fails_now = bool(self.fails_at) and self.fails_at in journal.path.read_bytes()
            if fails_now:
                self.fails_at = b""
            if self.broken or fails_now:
                raise BenchraceError(Category.SYSTEM, f"{journal.path}: {errno.EIO}")
            sync(journal)

        def probed(disk: Disk) -> None:
            refuse()
            probe(disk)

        patch.setattr(Journal, "append", appended)
        patch.setattr(Journal, "sync", synced)
        patch.setattr(Disk, "probe", probed)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(monkeypatch)


async def test_a_full_disk_pauses_the_view_and_heals_without_a_restart(
    host: Host, disk: FullDisk
) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    disk.full = True
    agent.open_gate.set()
    await agent.finished()
    await host.until(lambda: host.central.status().degraded)
    banner = host.central.status().banner
    assert banner is not None
    assert "paused" in banner
    assert "No space left on device" in banner
    with pytest.raises(BenchraceError) as refused:
        await host.central.submit(SPEC)
    assert refused.value.category is Category.DISK_FULL
    assert agent.job.acked.get("work", 0) < len(agent.job.lines["work"])
    disk.full = False
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]
    assert over.phases[-1] == "run_end"
    assert not host.central.status().degraded
    assert (await host.over(await host.central.submit(SPEC))).state is RunState.DONE


async def test_a_full_disk_heals_also_while_nothing_runs(host: Host, disk: FullDisk) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    disk.full = True
    await host.central.cancel(run_id, "no room")
    await host.until(lambda: host.central.status().degraded)
    disk.full = False
    assert (await host.over(run_id)).state is RunState.CANCELLED
    await host.until(lambda: not host.central.status().degraded)


async def test_after_a_failed_sync_the_lines_are_sent_again(host: Host, disk: FullDisk) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    links = agent.links
    disk.broken = True
    agent.open_gate.set()
    await agent.finished()
    await host.until(lambda: host.central.status().degraded)
    disk.broken = False
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]
    assert over.metadata.epoch > 0
    assert over.phases == ["run_start", "heat_start", "run_end"]
    assert agent.links > links


async def test_a_failed_sync_of_the_end_of_a_run_writes_it_again(
    host: Host, disk: FullDisk
) -> None:
    agent = FakeAgent()
    await host.link(agent)
    disk.fails_at = b'"run_end"'
    over = await host.over(await host.central.submit(SPEC))
    assert disk.fails_at == b""
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]
    assert over.phases == ["run_start", "heat_start", "run_end"]


def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    Disk(tmp_path, lambda: None, 1).probe()
    assert list(tmp_path.iterdir()) == []
