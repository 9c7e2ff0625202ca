"""Workers are checked by their protocol before the coordinator starts, and named by machine."""

import signal
import time
from contextlib import AsyncExitStack

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from benchrace.plugin import BenchraceError, Category, Peer
from benchrace.processes import start_process
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import serving
from benchrace_llamacpp import load
from benchrace_llamacpp.lending import peers as workers
from benchrace_llamacpp.lending.hello import Hello, hello
from benchrace_llamacpp.lending.rpc_server import Limits
from benchrace_llamacpp.lending.split import gpus, percentages, shares
from benchrace_llamacpp.port import free_port

from .harness import Bench, end, lane

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def at(endpoint: str, label: str = "mac2", build: str | None = None) -> Peer:
    return Peer(machine_id=label, label=label, endpoint=endpoint, build=build)


async def test_a_hung_worker_is_named_within_seconds_and_the_next_lane_is_well(
    bench: Bench,
) -> None:
    backend, context = bench.backend(), bench.context()
    async with AsyncExitStack() as stack:
        patient = Limits(suspended_s=60, poll_s=0.05)
        a = await stack.enter_async_context(bench.lending("mac2"))
        b = await stack.enter_async_context(bench.lending("mac3", patient))
        end(b.endpoint, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(BenchraceError) as raised:
            await backend.open(lane(a, b), context)
        assert time.monotonic() - began < HANG_S
        assert "worker mac3" in raised.value.message
        assert "answers nothing within 2 s" in raised.value.message
        assert bench.starts == 0, "llama-server would wait for it for ever"
        await backend.close(lane(a, b), context)
        end(b.endpoint, signal.SIGCONT)
        await backend.open(lane(a, b), context)
        await backend.close(lane(a, b), context)
        assert bench.starts == 1


async def test_an_absent_worker_is_named(bench: Bench) -> None:
    absent = at(f"127.0.0.1:{free_port('127.0.0.1')}")
    with pytest.raises(BenchraceError) as raised:
        await workers.ready([absent], bench.context(), back_s=0.1)
    assert raised.value.category is Category.UNREACHABLE
    assert "worker mac2" in raised.value.message
    assert "does not accept connections" in raised.value.message


async def test_a_worker_that_comes_back_is_waited_for(bench: Bench) -> None:
    port = free_port("127.0.0.1")
    context = bench.context()
    async with anyio.create_task_group() as tasks:

        async def come_back() -> None:
            while not context.logs:  # noqa: ASYNC110 - a plain list
                await anyio.sleep(0.01)
            async with bench.lending(rpc_port=port):
                await anyio.sleep_forever()

        tasks.start_soon(come_back)
        with anyio.fail_after(HANG_S):
            (answer,) = await workers.ready([at(f"127.0.0.1:{port}")], context, back_s=HANG_S)
        tasks.cancel_scope.cancel()
    assert answer.hello is not None
    assert "waiting for worker mac2" in context.logs[0][1]


async def test_another_service_is_told_from_a_worker() -> None:
    async def closes(stream: SocketStream) -> None:
        await stream.receive()
        await stream.aclose()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, closes)
        with pytest.raises(BenchraceError) as raised:
            await hello(f"127.0.0.1:{port}", HANG_S)
        tasks.cancel_scope.cancel()
    assert raised.value.category is Category.BAD_OUTPUT
    assert "accepts a connection and closes it" in raised.value.message


async def test_a_service_that_says_nothing_is_told_from_a_worker() -> None:
    async def waits(peer: object, request: object) -> None:
        return

    async with serving(waits) as server:
        endpoint = server.url.removeprefix("http://").rstrip("/")
        with pytest.raises(BenchraceError) as raised:
            await hello(endpoint, 0.5)
    assert raised.value.category is Category.TIMEOUT_CONNECT


async def test_a_worker_without_a_greeting_is_named_with_its_machine(bench: Bench) -> None:
    bench.set("RPC_PROTOCOL", "old")
    port = free_port("127.0.0.1")
    async with await start_process([bench.rpc, "-p", str(port)]) as process:
        old = at(f"127.0.0.1:{port}")
        with pytest.raises(BenchraceError) as raised:
            await workers.ready([old], bench.context(), back_s=1.0)
        process.kill()
    assert "worker mac2" in raised.value.message
    assert "of another build" in raised.value.message


async def test_another_protocol_is_named_with_its_machine(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    port = free_port("127.0.0.1")
    async with bench.lending("mac2", rpc_port=port) as offered:
        pass
    # The machine is updated meanwhile.
    bench.set("RPC_PROTOCOL", "8.0.0")
    async with bench.lending("mac2", rpc_port=port):
        with pytest.raises(BenchraceError, match="speaks protocol 8") as raised:
            await backend.open(lane(offered), context)
    assert "worker mac2" in raised.value.message
    assert "7.0.0" in raised.value.message


async def test_other_builds_are_refused_before_anything_starts(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    stranger = at("127.0.0.1:1", build="b9999-aaaa")
    with pytest.raises(BenchraceError) as raised:
        await backend.open(lane(stranger), context)
    assert "the coordinator has llama.cpp b11434-0c1e570" in raised.value.message
    assert "worker mac2 (127.0.0.1:1) has b9999-aaaa" in raised.value.message
    readiness = await backend.preflight(lane(stranger), context)
    assert "b9999-aaaa" in readiness.problems[0].message


async def test_two_workers_on_one_endpoint_are_named(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    twice = (at("127.0.0.1:1", "mac2"), at("127.0.0.1:1", "mac3"))
    readiness = await backend.preflight(lane(*twice), context)
    (problem,) = readiness.problems
    assert "workers mac2 and mac3 have one endpoint, 127.0.0.1:1" in problem.message
    with pytest.raises(BenchraceError, match="mac2 and mac3"):
        await backend.open(lane(*twice), context)


async def test_the_split_follows_the_free_memory(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(bench.lending("mac2"))
        bench.set("RPC_FREE", "8035")
        b = await stack.enter_async_context(bench.lending("mac3"))
        await backend.open(lane(a, b), context)
        server = backend.pool.current
        assert server is not None
        words = server.process.words
        assert words[words.index("--tensor-split") + 1] == "75,25"
        assert words[words.index("--rpc") + 1] == f"{a.endpoint},{b.endpoint}"
        await backend.close(lane(a, b), context)
        await backend.open(lane(a, b, tensor_split="3,1"), context)
        server = backend.pool.current
        assert server is not None
        words = server.process.words
        assert words[words.index("--tensor-split") + 1] == "3,1"
        await backend.close(lane(a, b), context)


def test_only_gpus_of_the_coordinator_take_a_share() -> None:
    text = """Available devices:
  MTL0: Apple M2 Max (49152 MiB, 49000 MiB free)
  BLAS: Accelerate (0 MiB, 0 MiB free)
  CPU: Apple M2 Max (65536 MiB, 65536 MiB free)
"""
    assert gpus(text) == [49000]


def test_shares_are_whole_and_none_is_nothing() -> None:
    assert percentages((24105, 24101)) == "50,50"
    assert percentages((64_000, 100)) == "100,1"


async def test_a_worker_that_reports_no_memory_leaves_the_split_to_the_engine(
    bench: Bench,
) -> None:
    context = bench.context()
    silent = at("127.0.0.1:1")
    plan = await load.plan(lane(silent), bench.config(), context)
    answers = [workers.Answer(peer=silent, hello=Hello("2.0.0"))]
    assert await shares(plan, answers, context) == ""
    assert "does not report its free memory" in context.logs[0][1]
