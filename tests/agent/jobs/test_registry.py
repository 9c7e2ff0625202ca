"""Which finished jobs an agent removes, and that two jobs' ends do not remove one twice."""

from pathlib import Path
from typing import cast

import anyio
import pytest

from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.jobs.job_runner import RunnerContext
from benchrace.agent.jobs.registry import Jobs, Retention
from benchrace.agent.jobs.sampling import Sampling
from benchrace.agent.jobs.slot import Slot
from benchrace.testing.clock import FakeClock
from tests.agent.fake_central import job

KEEP_S = 100.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def jobs(tmp_path: Path, clock: FakeClock) -> Jobs:
    """Make five finished jobs, of which central lacks the last."""
    stored = []
    for number in range(5):
        record = JobRecord(
            spec=job("done"),
            t0_ns=0,
            boot_id=None,
            accepted_at=clock.wall_s() + number,
            version="0",
        )
        stored.append(JobFolder.create(tmp_path, record))
    for folder in stored[:-1]:
        folder.acknowledge()
    return Jobs(
        tmp_path,
        "m1",
        Slot("m1", None),
        RunnerContext(command=(), sampling=cast(Sampling, None), clock=clock, boot_id=None),
        lambda: Retention(keep_jobs=3, keep_s=KEEP_S),
    )


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_surplus_goes_with_the_start(jobs: Jobs, tmp_path: Path) -> None:
    await jobs.recover()
    assert [job.record.accepted_at % 10 for job in jobs.all()] == [1, 2, 3, 4]
    assert set(left(tmp_path)) == {job.job_id for job in jobs.all()}


async def test_two_at_once_remove_each_job_once(
    jobs: Jobs, clock: FakeClock, tmp_path: Path
) -> None:
    await jobs.recover()
    lacking = jobs.all()[-1]
    clock.pass_s(KEEP_S + 10)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(jobs.tidy)
        tasks.start_soon(jobs.tidy)
    assert jobs.all() == (lacking,)
    assert left(tmp_path) == [lacking.job_id]
