"""One measurement at a time; what runs aside yields to it."""

import os
from pathlib import Path
from typing import Any

import anyio
import pytest

from benchrace.agent import capabilities
from benchrace.agent.host_lock import HostLock
from benchrace.agent.jobs.slot import Busy, Slot
from benchrace.agent.settings import AgentSettings
from benchrace.notifier import Notifier
from benchrace.testing.limits import HANG_S


async def test_a_second_job_is_refused_by_the_first_ones_name() -> None:
    slot = Slot("m", None)
    await slot.take("j1")
    with pytest.raises(Busy) as raised:
        await slot.take("j2")
    assert raised.value.job_id == "j1"
    slot.release()
    await slot.take("j2")
    assert slot.job_id == "j2"


async def test_what_runs_aside_ends_before_the_job_begins() -> None:
    slot = Slot("m", None)
    order: list[str] = []

    async def probe() -> None:
        async with slot.aside():
            order.append("probe")
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.05)
                order.append("probe is gone")

    async def request() -> None:
        try:
            await probe()
        except Busy as error:
            order.append(f"busy with {error.job_id}")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(request)
        await anyio.wait_all_tasks_blocked()
        await slot.take("j1")
        order.append("job")
    assert order[:2] == ["probe", "probe is gone"]
    assert sorted(order[2:]) == ["busy with j1", "job"]


async def test_nothing_runs_aside_of_a_job() -> None:
    slot = Slot("m", None)
    await slot.take("j1")
    with pytest.raises(Busy):
        async with slot.aside():
            raise AssertionError("it ran")
    slot.release()
    async with slot.aside():
        pass


async def test_two_agents_of_a_host_exclude_each_other(tmp_path: Path) -> None:
    one, two = (Slot(name, HostLock(tmp_path / "lock")) for name in ("m1", "m2"))
    await one.take("j1")
    with pytest.raises(Busy, match="job j1 of the agent m1") as raised:
        await two.take("j2")
    assert raised.value.job_id is None
    assert two.job_id is None
    one.release()
    await two.take("j2")
    assert two.lock_fds


async def test_one_gpu_is_measured_once_on_a_host(tmp_path: Path) -> None:
    one, two = Slot("m1", None), Slot("m2", None)
    first, again, other = (HostLock(tmp_path / name, f"GPU {name}") for name in "001")
    await one.take("j1", gpus=[first])
    assert one.lock_fds == (first.fd,)
    with pytest.raises(Busy, match="GPU 0 is already in use: job j1 of the agent m1"):
        await two.take("j2", gpus=[other, again])
    # What it had of them is free again.
    assert (two.job_id, two.lock_fds, other.fd) == (None, (), None)
    await two.take("j2", gpus=[other])
    two.release()
    one.release()
    await two.take("j3", gpus=[again, other])


async def test_the_lock_outlives_its_agent_with_an_heir(tmp_path: Path) -> None:
    lock, other = HostLock(tmp_path / "lock"), HostLock(tmp_path / "lock")
    assert lock.take("a") is None
    assert lock.fd is not None
    heir = os.dup(lock.fd)
    os.close(lock.fd)
    assert other.take("b") == "a"
    os.close(heir)
    assert other.take("b") is None


async def test_a_release_does_not_wait_for_heirs(tmp_path: Path) -> None:
    lock, other = HostLock(tmp_path / "lock"), HostLock(tmp_path / "lock")
    lock.take("a")
    assert lock.fd is not None
    heir = os.dup(lock.fd)
    lock.release()
    assert other.take("b") is None
    os.close(heir)


async def test_a_beacon_misses_no_change() -> None:
    changed = Notifier()
    seen = changed.count
    changed.notify()
    with anyio.fail_after(HANG_S):
        seen = await changed.wait(seen)
    woken: list[int] = []

    async def wait() -> None:
        woken.append(await changed.wait(seen))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert woken == []
        changed.notify()
    assert woken == [seen + 1]


async def test_a_probe_that_a_job_put_off_follows_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_AFTER_JOB_S", 0)
    slot = Slot("m", None)
    tried: list[str | None] = []
    probed = anyio.Event()

    class Asking(capabilities.CapabilityMonitor):
        def __init__(self) -> None:
            self._slot = slot
            self._settings = AgentSettings(data=Path(), machine_id="m", label="m")

        async def refresh(self) -> Any:
            tried.append(slot.job_id)
            slot.refuse_if_busy()
            probed.set()
            await anyio.sleep_forever()

    await slot.take("j1")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Asking().keep)
        await anyio.wait_all_tasks_blocked()
        slot.release()
        with anyio.fail_after(HANG_S):
            await probed.wait()
        tasks.cancel_scope.cancel()
    assert tried == ["j1", None]


async def test_an_agent_that_probes_on_request_begins_by_itself_after_its_first_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capabilities, "_AFTER_JOB_S", 0)
    slot = Slot("m", None)
    probed = anyio.Event()

    class Late(capabilities.CapabilityMonitor):
        def __init__(self) -> None:
            self._slot = slot
            self._settings = AgentSettings(
                data=Path(), machine_id="m", label="m", probe_at_start=False
            )

        async def refresh(self) -> Any:
            probed.set()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Late().keep)
        async with slot.aside():
            await anyio.wait_all_tasks_blocked()
        await slot.take("j1")
        await anyio.wait_all_tasks_blocked()
        assert not probed.is_set()
        slot.release()
        with anyio.fail_after(5):
            await probed.wait()
        tasks.cancel_scope.cancel()
