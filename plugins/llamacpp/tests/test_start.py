"""Starts that fail: which worker is to blame, and that nothing is left of them."""

import signal
import threading
import time
from functools import partial
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from benchrace.plugin import BenchraceError, Category, Lending
from benchrace.testing.limits import HANG_S
from benchrace_llamacpp import load
from benchrace_llamacpp.coordinator import start as starting
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.coordinator.start import Limits
from benchrace_llamacpp.lending import rpc_server
from benchrace_llamacpp.lending.rpc_server import Limits as Restarts
from benchrace_llamacpp.port import occupant
from benchrace_llamacpp.process import GuardedProcess

from .harness import QUICK, Bench, end, lane

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
GONE = Restarts(backoff_s=HANG_S, poll_s=0.02)


async def start(plan: ServerPlan, context: Any, **limits: float) -> Any:
    blame = partial(load.suspects, plan.peers)
    return await starting.start(plan, "", context, Limits(**{"load_s": HANG_S, **limits}), blame)


async def test_a_worker_that_hangs_after_its_greeting_is_named(bench: Bench) -> None:
    config, context = bench.config(), bench.context()
    async with bench.lending("mac2", Restarts(suspended_s=60)) as offered:
        plan = await load.plan(lane(offered), config, context)
        end(offered.endpoint, signal.SIGSTOP)
        with pytest.raises(BenchraceError) as raised:
            await start(plan, context, bind_s=0.5)
    assert "worker mac2" in raised.value.message
    assert occupant("127.0.0.1", plan.port) is None


async def test_a_server_that_waits_for_nobody_says_what_it_does(bench: Bench) -> None:
    bench.set("SERVER_LOAD_S", "60")
    config, context = bench.config(), bench.context()
    async with bench.lending("mac2") as offered:
        plan = await load.plan(lane(offered), config, context)
        with pytest.raises(BenchraceError) as raised:
            await start(plan, context, load_s=1.0)
    assert "has not loaded mid" in raised.value.message
    assert "worker" not in raised.value.message.partition("; its log")[0]


async def test_a_lane_without_workers_has_its_whole_limit_to_bind(bench: Bench) -> None:
    bench.set("SERVER_BIND_S", "0.5")
    context = bench.context()
    plan = await load.plan(lane(), bench.config(), context)
    server = await start(plan, context, bind_s=0.05)
    await server.stop(context)
    bench.set("SERVER_BIND_S", "60")
    with pytest.raises(BenchraceError) as raised:
        await start(plan, context, load_s=0.3)
    assert "workers" not in raised.value.message
    assert "start_timeout_s" in raised.value.remedy


async def test_a_worker_killed_during_the_load_is_named(bench: Bench) -> None:
    config, context = bench.config(), bench.context()
    bench.set("SERVER_CRASH", "1")
    bench.set("SERVER_CRASH_AFTER", str(bench.folder / "crash"))
    failures: list[BenchraceError] = []

    async def load_it(plan: ServerPlan) -> None:
        with pytest.raises(BenchraceError) as raised:
            await start(plan, context)
        failures.append(raised.value)

    async with bench.lending("mac2") as a, bench.lending("mac3", GONE) as b:
        plan = await load.plan(lane(a, b), config, context)
        with anyio.fail_after(HANG_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(load_it, plan)
                # Its log goes on once it has greeted both workers.
                while context.phases in ([], ["starting"]):  # noqa: ASYNC110 - a plain list
                    await anyio.sleep(0.01)
                end(b.endpoint)
                (bench.folder / "crash").touch()
    (failure,) = failures
    assert failure.category is Category.UNREACHABLE
    assert "SIGABRT while it loaded: Remote RPC server crashed" in failure.message
    assert "worker mac3" in failure.message
    assert "mac2" not in failure.message


async def test_a_worker_of_another_version_during_the_load_is_named(bench: Bench) -> None:
    config, context = bench.config(), bench.context()
    bench.set("SERVER_CRASH", "1")
    async with bench.lending("mac2") as offered:
        plan = await load.plan(lane(replace(offered, protocol="6.1.0")), config, context)
        with pytest.raises(BenchraceError) as raised:
            await start(plan, context)
    assert f"worker mac2 ({offered.endpoint}) speaks protocol 7.0.0" in raised.value.message
    assert "6.1.0 when it was lent" in raised.value.message


async def test_workers_that_all_answer_again_are_listed_and_the_lane_may_wait(bench: Bench) -> None:
    config, context = bench.config(), bench.context()
    bench.set("SERVER_CRASH", "1")
    async with bench.lending("mac2") as a, bench.lending("mac3") as b:
        plan = await load.plan(lane(a, b), config, context)
        with pytest.raises(BenchraceError) as raised:
            await start(plan, context)
    assert raised.value.category is Category.ENDED_EARLY
    for peer in (a, b):
        text = f"worker {peer.label} ({peer.endpoint}) speaks protocol 7.0.0"
        assert text in raised.value.message


async def test_a_broken_model_is_not_blamed_on_workers(bench: Bench) -> None:
    (bench.models / "mid.gguf").write_bytes(b"broken")
    context = bench.context()
    async with bench.lending("mac2") as offered:
        plan = await load.plan(lane(offered), bench.config(), context)
        with pytest.raises(BenchraceError) as raised:
            await start(plan, context)
    assert raised.value.category is Category.SYSTEM
    assert "mac2" not in raised.value.message


class Slow(GuardedProcess):
    """A process whose start can be interrupted."""

    begun = threading.Event()

    def __init__(self, *args: Any) -> None:
        self.begun.set()
        time.sleep(0.3)
        super().__init__(*args)


@pytest.mark.parametrize("what", ["server", "worker"])
async def test_a_cancel_while_a_process_is_created_leaves_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(starting if what == "server" else rpc_server, "GuardedProcess", Slow)
    Slow.begun.clear()
    config, context = bench.config(), bench.context()
    plan = await load.plan(lane(), config, context)

    async def hold() -> None:
        if what == "server":
            await start(plan, context)
            return
        lending = Lending(run_id="run", lane_id="lane", host="127.0.0.1")
        async with rpc_server.lent(config, lending, context, QUICK):
            await anyio.sleep(HANG_S)

    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold)
            await anyio.to_thread.run_sync(Slow.begun.wait)
            tasks.cancel_scope.cancel()
    assert bench.left() == []
