"""A demo race that cannot start says why, and blocks no later one."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import anyio
import pytest

from benchrace.central import demo as module
from benchrace.central.central import Central
from benchrace.central.demo import Demo
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.registry import Runs
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier
from benchrace.tls.server import ServerTls


def demo_of(**central: object) -> Demo:
    return Demo(cast(Central, SimpleNamespace(**central)), "http://127.0.0.1:1", Path("none"))


async def test_where_client_certificates_are_required_it_says_why_not() -> None:
    tls = ServerTls(certificate=Path("c"), key=Path("k"), client_ca=Path("ca"))
    demo = demo_of(settings=SimpleNamespace(tls=tls))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(demo.run)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(BenchraceError, match="requires client certificates") as caught:
            await demo.start(2)
        assert "--data-dir" in caught.value.remedy
        tasks.cancel_scope.cancel()


async def test_without_simulated_machines_the_remedy_is_to_install_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "discover", lambda group: ())
    demo = demo_of(settings=SimpleNamespace(tls=None))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(demo.run)
        await anyio.wait_all_tasks_blocked()
        for _ in range(2):
            with pytest.raises(BenchraceError, match="are not installed") as caught:
                await demo.start(2)
            assert caught.value.category is Category.SYSTEM
            assert "pip install" in caught.value.remedy
        tasks.cancel_scope.cancel()


def test_whoever_waits_for_the_end_of_a_run_wakes() -> None:
    writer = SimpleNamespace(lines=0, size=0, log=SimpleNamespace(unsynced=0))
    run = SimpleNamespace(run_id="r", jobs={}, writer=writer, changed=Notifier())
    runs = Runs(lambda: None)
    runs.live["r"] = cast(LiveRun, run)
    runs.remove(cast(LiveRun, run))
    assert (runs.live, run.changed.count) == ({}, 1)
