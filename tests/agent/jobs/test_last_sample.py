"""A job's counters are read once more after its worker, so that the last round has an end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from benchrace.agent.jobs.job_runner import RunnerContext
from benchrace.agent.jobs.registry import Jobs, Retention
from benchrace.agent.jobs.sampling import Sampling
from benchrace.agent.jobs.slot import Slot
from benchrace.clock import SystemClock
from benchrace.events import RuntimeSample, decode
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.protocol.agent_worker import WorkerSetup
from benchrace.run.states import JobPhase
from benchrace.testing.limits import HANG_S
from tests.agent.conftest import FAKE
from tests.agent.fake_central import job

pytestmark = pytest.mark.slow


class Counting:
    def __init__(self) -> None:
        self.taken = 0

    def sample(self) -> RuntimeSamplePayload:
        self.taken += 1
        return RuntimeSamplePayload(load_1m=self.taken)

    def close(self) -> None:
        """Close nothing."""


@asynccontextmanager
async def running(folder: Path, sampler: Counting) -> AsyncIterator[Jobs]:
    clock = SystemClock()
    context = RunnerContext(
        command=tuple(FAKE), sampling=Sampling(sampler, clock), clock=clock, boot_id="b"
    )
    jobs = Jobs(
        folder, "m1", Slot("m1", None), context, lambda: Retention(keep_jobs=9, keep_s=99.0)
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(jobs.run)
        await anyio.wait_all_tasks_blocked()
        yield jobs
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(("period_s", "expected"), [(60.0, [1, 2]), (0.0, [])])
async def test_counters_are_read_after_the_worker(
    tmp_path: Path, period_s: float, expected: list[int]
) -> None:
    spec = msgspec.structs.replace(job("phase:running", "done"), sampling_s=period_s)
    async with running(tmp_path, Counting()) as jobs:
        with anyio.fail_after(HANG_S):
            started = await jobs.start(spec, WorkerSetup(plugins=()))
            await jobs.ended(started)
        assert started.phase is JobPhase.DONE
        lines = started.folder.agent.read_bytes().splitlines() if period_s else []
    events = [decode(line) for line in lines]
    samples = [event.payload.load_1m for event in events if isinstance(event, RuntimeSample)]
    assert samples == expected
