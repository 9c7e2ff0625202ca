"""Rounds of lanes on one machine and over several, and what ends them in the middle."""

import signal
from contextlib import AsyncExitStack

import anyio
import pytest

from benchrace.plugin import BenchraceError, Category, Lane
from benchrace.testing import RecordingContext
from benchrace.testing.limits import HANG_S
from benchrace_llamacpp.backend import LlamaCpp
from benchrace_llamacpp.lending.rpc_server import Limits
from benchrace_llamacpp.params import GenerateOptions
from benchrace_llamacpp.process import is_running

from .harness import Bench, end, gone, lane, listener, race

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_a_lane_on_one_machine(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    alone = lane()
    await backend.open(alone, context)
    record = await race(backend, alone, context)
    assert record.answer.usage.output == 16
    assert record.network is None
    assert "workers" not in record.engine.settings
    assert record.engine.version == "b11434-0c1e570"
    assert record.load_ns
    await backend.close(alone, context)
    server = backend.pool.current
    assert server is not None, "the next lane of the job may have the model"
    assert server.status() is None


async def test_a_lane_over_two_machines_proves_where_the_model_is(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    async with bench.lending("mac2") as a, bench.lending("mac3") as b:
        over = lane(a, b)
        await backend.open(over, context)
        record = await race(backend, over, context)
        settings = record.engine.settings
        assert settings["workers"] == "mac2, mac3"
        assert settings["worker_mac2_model_mib"] == 239.14
        assert settings["worker_mac3_model_mib"] == 145.51
        assert (settings["worker_mac2_kv_mib"], settings["worker_mac3_kv_mib"]) == (40.0, 24.0)
        assert settings["worker_mac2_compute_mib"] == 69.04
        assert (settings["coordinator_model_mib"], settings["coordinator_kv_mib"]) == (2.02, 0)
        assert settings["coordinator_layers"] == "none: all are on the workers"
        assert settings["tensor_split"] == "50,50"
        assert settings["layers_on_devices"] == "9/9"
        assert settings["worker_mac2_protocol"] == "7.0.0"
        assert record.network is not None
        assert (record.network.sent is None) == (record.network.unknown is not None)
        assert "not_distributed" not in {reason.code for reason in context.verdict.reasons}
        await backend.close(over, context)
        assert backend.pool.current is None, "the workers are lent to this lane alone"


async def test_a_load_from_the_workers_cache_is_warm(bench: Bench) -> None:
    bench.set("RPC_CACHE", str(bench.folder / "cache"))
    bench.set("SERVER_WEIGHTS", "239")
    backend, context = bench.backend(), bench.context()
    labels = []
    async with bench.lending("mac2", worker_cache=True) as a:
        for number in range(2):
            await backend.open(lane(a), context)
            record = await race(backend, lane(a), context, number)
            labels.append(record.engine.settings["worker_cache"])
            await backend.close(lane(a), context)
    # A system that does not count the loopback's bytes tells neither.
    assert labels in (["cold", "warm"], ["unknown", "unknown"])


async def test_a_lane_whose_workers_hold_nothing_is_invalid(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    async with bench.lending("mac2") as a:
        empty = lane(a, gpu_layers=0)
        await backend.open(empty, context)
        record = await race(backend, empty, context)
        assert record.engine.settings["worker_mac2_model_mib"] == 0
        (reason,) = [r for r in context.verdict.reasons if r.code == "not_distributed"]
        assert "mac2" in reason.text
        assert context.verdict.level.name == "INVALID"
        await backend.close(empty, context)


async def test_a_worker_killed_in_mid_stream_is_named_and_the_next_round_is_well(
    bench: Bench,
) -> None:
    backend, context = bench.backend(), bench.context()
    async with bench.lending("mac2") as a, bench.lending("mac3") as b:
        over = lane(a, b, max_tokens=2000)
        await backend.open(over, context)
        failure = await _failure(backend, over, context, b.endpoint, signal.SIGKILL)
        assert failure.category is Category.ENDED_EARLY
        assert "SIGABRT" in failure.message
        assert "Remote RPC server crashed" in failure.message
        assert "mac3" in failure.message
        assert backend.pool.current is None
        # As the worker does: close, open until the engine answers, and go on.
        await backend.close(over, context)
        again = lane(a, b)
        await backend.open(again, context)
        assert (await race(backend, again, context, 1)).answer.usage.output == 16
        await backend.close(again, context)
        assert bench.starts == 2


async def test_a_worker_that_hangs_in_mid_stream_is_named(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    patient = Limits(suspended_s=60)
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(bench.lending("mac2", patient))
        over = lane(a, max_tokens=2000, idle_s=1.0)
        await backend.open(over, context)
        failure = await _failure(backend, over, context, a.endpoint, signal.SIGSTOP)
        assert "mac2" in failure.message
        assert "answers nothing" in failure.message
        assert failure.category is Category.ENDED_EARLY
        end(a.endpoint, signal.SIGCONT)
        await backend.close(over, context)
        again = lane(a)
        await backend.open(again, context)
        assert (await race(backend, again, context, 1)).answer.usage.output == 16
        await backend.close(again, context)


async def test_a_suspended_worker_ends_the_round_long_before_its_limit(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    async with bench.lending("mac2") as a:
        over = lane(a, max_tokens=2000, idle_s=10 * HANG_S)
        await backend.open(over, context)
        failure = await _failure(backend, over, context, a.endpoint, signal.SIGSTOP)
        assert failure.category is Category.ENDED_EARLY
        assert "SIGABRT" in failure.message
        assert "worker mac2" in failure.message
        await backend.close(over, context)


async def test_a_second_coordinator_is_told_that_the_worker_is_taken(bench: Bench) -> None:
    first, second, context = bench.backend(), bench.backend(), bench.context()
    async with bench.lending("mac2") as a:
        await first.open(lane(a), context)
        with pytest.raises(BenchraceError) as raised:
            await second.open(lane(a), context)
        assert "worker mac2" in raised.value.message
        assert "serves another coordinator" in raised.value.message
        await second.close(lane(a), context)
        record = await race(first, lane(a), context)
        assert record.answer.usage.output == 16
        await first.close(lane(a), context)


async def test_a_worker_killed_while_idle_is_named_and_the_lane_opens_again(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    async with bench.lending("mac2") as a:
        over = lane(a)
        await backend.open(over, context)
        await gone(end(a.endpoint))
        with pytest.raises(BenchraceError) as raised:
            await race(backend, over, context)
        # Nothing loads after the start line; a lane that lost its engine is opened again.
        assert raised.value.category is Category.ENDED_EARLY
        assert "worker mac2" in raised.value.message
        assert "has closed its connection" in raised.value.message
        assert bench.starts == 1
        await backend.close(over, context)
        await backend.open(over, context)
        assert (await race(backend, over, context, 1)).answer.usage.output == 16
        assert bench.starts == 2
        await backend.close(over, context)


async def test_a_server_killed_while_idle_is_not_started_in_the_round(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    alone = lane()
    await backend.open(alone, context)
    server = backend.pool.current
    assert server is not None
    program = server.process.program()
    assert program is not None
    program.kill()
    server.process._process.wait(HANG_S)
    with pytest.raises(BenchraceError) as raised:
        await race(backend, alone, context)
    assert raised.value.category is Category.ENDED_EARLY
    assert "llama-server was ended by SIGKILL" in raised.value.message
    assert bench.starts == 1
    assert backend.pool.crashes(server.plan, context) == 1
    await backend.close(alone, context)


async def test_nothing_runs_after_a_lane_over_two_machines(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    async with bench.lending("mac2") as a:
        worker = listener(a.endpoint)
        over = lane(a)
        await backend.open(over, context)
        server = backend.pool.current
        assert server is not None
        program = server.process.program()
        assert program is not None
        await backend.close(over, context)
        assert not is_running(program)
    assert not is_running(worker)


async def _failure(
    backend: LlamaCpp,
    racing: Lane[GenerateOptions],
    context: RecordingContext,
    endpoint: str,
    number: signal.Signals,
) -> BenchraceError:
    """Send a signal to a worker once the first token has come; return how the round fails."""
    failures: list[BenchraceError] = []
    context.begin()

    async def run() -> None:
        try:
            await backend.round(racing, context)
        except BenchraceError as error:
            failures.append(error)

    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            while not context.tokens:  # noqa: ASYNC110 - a plain list
                await anyio.sleep(0.005)
            end(endpoint, number)
    return failures[0]
