"""Samples come at their period, never in a burst, and can be off."""

import time

import anyio
import anyio.from_thread
import msgspec
import pytest

from benchrace.agent.jobs.sampling import Sampling
from benchrace.clock import SystemClock
from benchrace.events.payloads import GpuSample, RuntimeSamplePayload
from benchrace.testing.limits import HANG_S


class Counting:
    """A sampler that counts, and blocks no longer than it takes to count."""

    def __init__(self) -> None:
        self.taken = 0

    def sample(self) -> RuntimeSamplePayload:
        self.taken += 1
        return RuntimeSamplePayload(load_1m=self.taken, cost_ns=1000)

    def close(self) -> None:
        self.taken = 0


async def test_a_job_gets_its_samples() -> None:
    sampler = Counting()
    sampling = Sampling(sampler, SystemClock())
    stored: list[RuntimeSamplePayload] = []
    done = anyio.Event()

    def keep(sample: RuntimeSamplePayload) -> None:
        stored.append(sample)
        if len(stored) == 5:
            anyio.from_thread.run_sync(done.set)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sampling.during, "j1", 0.01, keep)
        with anyio.fail_after(HANG_S):
            await done.wait()
        tasks.cancel_scope.cancel()
    assert [sample.load_1m for sample in stored] == list(range(1, len(stored) + 1))
    assert {sample.job_id for sample in await sampling.window()} == {"j1"}
    assert sampling.cost_ns == sampling.count * 1000


async def test_off_is_off() -> None:
    sampler = Counting()
    with anyio.fail_after(HANG_S):
        await Sampling(sampler, SystemClock()).during("j1", 0, lambda sample: None)
    assert sampler.taken == 0


async def test_an_idle_machine_is_looked_at_when_asked() -> None:
    sampler = Counting()
    sampling = Sampling(sampler, SystemClock())
    (first,) = await sampling.window()
    assert first.job_id is None
    assert await sampling.window() == (first,)
    assert sampler.taken == 1
    assert sampling.last == first


async def test_many_who_ask_at_once_share_one_sample_and_none_is_taken_beside_a_job() -> None:
    sampler = Counting()
    measuring = True
    sampling = Sampling(sampler, SystemClock(), lambda: measuring)
    assert await sampling.window() == ()
    measuring = False
    async with anyio.create_task_group() as tasks:
        for _ in range(25):
            tasks.start_soon(sampling.window)
    assert sampler.taken == 1


async def test_missed_periods_are_left_out() -> None:
    class Slow(Counting):
        def sample(self) -> RuntimeSamplePayload:
            time.sleep(0.05)
            return super().sample()

    sampler = Slow()
    sampling = Sampling(sampler, SystemClock())
    with anyio.move_on_after(0.3):
        await sampling.during("j1", 0.01, lambda sample: None)
    assert 2 <= sampler.taken <= 7


@pytest.mark.parametrize(("gpus", "expected"), [((), 1), ((GpuSample(index=0, energy_mj=1.0),), 2)])
async def test_the_last_sample_waits_for_a_counter_that_is_renewed_later(
    gpus: tuple[GpuSample, ...], expected: int
) -> None:
    class Counters(Counting):
        def sample(self) -> RuntimeSamplePayload:
            return msgspec.structs.replace(super().sample(), gpus=gpus)

    stored: list[RuntimeSamplePayload] = []
    sampling = Sampling(Counters(), SystemClock())
    await sampling.last_of("j1", stored.append)
    assert [sample.load_1m for sample in stored] == list(range(1, expected + 1))
    assert sampling.count == expected
