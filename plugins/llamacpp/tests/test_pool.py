"""One llama-server for all who need it: started once, checked before each reuse, never twice."""

import os
import signal
import socket
import time
from functools import partial
from typing import Any

import anyio
import psutil
import pytest
from msgspec.structs import replace

from benchrace.plugin import BenchraceError, Category
from benchrace.testing.limits import HANG_S
from benchrace_llamacpp import load
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.coordinator.pool import Coordinators
from benchrace_llamacpp.port import occupant
from benchrace_llamacpp.process import is_running

from .harness import Bench, lane

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def plans(bench: Bench, **changes: Any) -> tuple[Coordinators, ServerPlan]:
    config = bench.config(**changes)
    pool = Coordinators(partial(load.start, config), backoff_s=0.01)
    bench.pools.append(pool)
    return pool, await load.plan(lane(), config, bench.context())


async def test_fifty_callers_at_once_share_one_start(bench: Bench) -> None:
    pool, plan = await plans(bench)
    outcomes: list[tuple[Any, bool]] = []

    async def call() -> None:
        outcomes.append(await pool.provide(plan, bench.context()))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(call)
    assert bench.starts == 1
    assert len({id(server) for server, _ in outcomes}) == 1
    assert [is_new for _, is_new in outcomes].count(True) == 1


async def test_fifty_callers_share_one_failure_with_the_end_of_the_log(bench: Bench) -> None:
    (bench.models / "mid.gguf").write_bytes(b"broken")
    pool, plan = await plans(bench)
    failures: list[BenchraceError] = []

    async def call() -> None:
        try:
            await pool.provide(plan, bench.context())
        except BenchraceError as error:
            failures.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(call)
    assert (bench.starts, len(failures)) == (1, 50)
    assert len({failure.message for failure in failures}) == 1
    assert "exited with status 1" in failures[0].message
    assert "failed to load model" in failures[0].message
    assert occupant("127.0.0.1", plan.port) is None


async def test_another_model_stops_the_server_first(bench: Bench) -> None:
    config = bench.config()
    pool = Coordinators(partial(load.start, config))
    bench.pools.append(pool)
    context = bench.context()
    first, _ = await pool.provide(await load.plan(lane(), config, context), context)
    program = first.process.program()
    assert program is not None
    other = await load.plan(lane(model="other"), config, context)
    second, is_new = await pool.provide(other, context)
    assert is_new
    assert second.plan.port == first.plan.port
    assert not is_running(program)


async def test_a_changed_file_of_one_name_is_another_model(bench: Bench) -> None:
    pool, plan = await plans(bench)
    await pool.provide(plan, bench.context())
    (bench.models / "mid.gguf").write_bytes(b"GGUF" + bytes(300))
    info = (bench.models / "mid.gguf").stat()
    changed = replace(plan, size=info.st_size, changed_ns=info.st_mtime_ns)
    _, is_new = await pool.provide(changed, bench.context())
    assert is_new


async def test_readiness_ends_with_the_process(bench: Bench) -> None:
    pool, plan = await plans(bench)
    server, _ = await pool.provide(plan, bench.context())
    assert await pool.reusable(plan, bench.context()) is server
    kill(server.process.program())
    with anyio.fail_after(HANG_S):
        while server.status() is None:  # noqa: ASYNC110 - the system's own state
            await anyio.sleep(0.01)
    context = bench.context()
    assert await pool.reusable(plan, context) is None
    assert any("SIGKILL" in text for _, text in context.logs)


async def test_crashes_are_counted_and_stopped_ones_are_not(bench: Bench) -> None:
    pool, plan = await plans(bench)
    context = bench.context()
    for _ in range(6):
        await pool.provide(plan, context)
        await pool.stop(context)
    for _ in range(4):
        server, _ = await pool.provide(plan, context)
        kill(server.process.program())
        server.process._process.wait(HANG_S)
    with pytest.raises(BenchraceError, match="crashed 4 times"):
        await pool.provide(plan, context)


async def test_crashes_while_loading_are_counted(bench: Bench) -> None:
    bench.set("SERVER_CRASH", "1")
    pool, plan = await plans(bench)
    context = bench.context()
    for _ in range(4):
        with pytest.raises(BenchraceError, match="SIGABRT while it loaded"):
            await pool.provide(plan, context)
    with pytest.raises(BenchraceError, match="crashed 4 times"):
        await pool.provide(plan, context)
    assert bench.starts == 4


async def test_a_start_that_another_made_meanwhile_is_used(bench: Bench) -> None:
    # One caller sees the old server unwell, and goes on once another has started a new one.
    pool, plan = await plans(bench)
    context = bench.context()
    server, _ = await pool.provide(plan, context)
    looked, go_on = anyio.Event(), anyio.Event()
    unwell = pool.unwell

    async def slow(plan: ServerPlan, context: Any) -> str | None:
        pool.unwell = unwell  # type: ignore[method-assign]
        looked.set()
        await go_on.wait()
        return "seen before the restart"

    outcomes: list[tuple[Any, bool]] = []

    async def late() -> None:
        outcomes.append(await pool.provide(plan, context))

    pool.unwell = slow  # type: ignore[method-assign]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(late)
        await looked.wait()
        kill(server.process.program())
        server.process._process.wait(HANG_S)
        again, is_new = await pool.provide(plan, context)
        go_on.set()
    assert is_new
    assert outcomes == [(again, False)]
    assert bench.starts == 2


async def test_a_hung_server_is_replaced_and_counts_as_no_crash(bench: Bench) -> None:
    pool, plan = await plans(bench)
    context = bench.context()
    server, _ = await pool.provide(plan, context)
    program = server.process.program()
    assert program is not None
    server.health_s = 0.3
    os.kill(program.pid, signal.SIGSTOP)
    again, is_new = await pool.provide(plan, context)
    assert is_new
    assert again is not server
    assert not pool.crashes(plan, context)


async def test_a_foreign_listener_on_the_port_is_named(bench: Bench) -> None:
    config = bench.config()
    context = bench.context()
    plan = await load.plan(lane(), config, context)
    pool = Coordinators(partial(load.start, config))
    with (
        socket.create_server(("127.0.0.1", config.port)),
        pytest.raises(BenchraceError) as raised,
    ):
        await pool.provide(plan, context)
    name = psutil.Process().name()
    assert f"port {config.port} of 127.0.0.1 is in use" in raised.value.message
    assert f"process {os.getpid()} ({name})" in raised.value.message
    assert bench.starts == 0


async def test_a_cancelled_start_leaves_nothing_and_the_next_caller_starts_anew(
    bench: Bench,
) -> None:
    bench.set("SERVER_LOAD_S", "60")
    pool, plan = await plans(bench)
    context = bench.context()
    with anyio.move_on_after(HANG_S) as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.provide, plan, context)
            while not context.phases:  # noqa: ASYNC110 - a plain list
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
    assert not scope.cancelled_caught
    assert occupant("127.0.0.1", plan.port) is None
    bench.set("SERVER_LOAD_S", "0")
    _, is_new = await pool.provide(plan, context)
    assert is_new


async def test_a_load_that_takes_too_long_is_ended(bench: Bench) -> None:
    bench.set("SERVER_LOAD_S", "60")
    pool, plan = await plans(bench, start_timeout_s=0.5)
    began = time.monotonic()
    with pytest.raises(BenchraceError) as raised:
        await pool.provide(plan, bench.context())
    assert raised.value.category is Category.TIMEOUT_FIRST
    assert "has not loaded mid" in raised.value.message
    assert "start_timeout_s" in raised.value.remedy
    assert time.monotonic() - began < HANG_S
    assert occupant("127.0.0.1", plan.port) is None


def kill(process: psutil.Process | None) -> None:
    assert process is not None
    process.kill()
