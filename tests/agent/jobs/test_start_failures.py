"""Whatever breaks while a job starts or ends: it has one end, the slot is free, the agent lives."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from benchrace.agent.agent import Agent
from benchrace.agent.jobs import job_runner
from benchrace.agent.jobs.agent_journal import AgentJournal
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder
from benchrace.agent.jobs.job_runner import RunnerContext
from benchrace.agent.jobs.registry import Jobs, Retention
from benchrace.agent.jobs.sampling import Sampling
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.jobs.terminal_event import is_terminal
from benchrace.agent.jobs.worker_process import Worker
from benchrace.agent.link.session import Session
from benchrace.clock import SystemClock
from benchrace.errors import Category
from benchrace.events.envelope import JobError
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.protocol import agent_central as m
from benchrace.protocol.agent_worker import WorkerSetup
from benchrace.protocol.job import JobSpec
from benchrace.run.states import JobPhase
from benchrace.testing.limits import HANG_S
from tests.agent.conftest import FAKE, AgentProcess
from tests.agent.fake_central import job

pytestmark = pytest.mark.slow

SETUP = WorkerSetup(plugins=())


class Sampler:
    def sample(self) -> RuntimeSamplePayload:
        raise ValueError("a sensor that makes no sense")

    def close(self) -> None:
        """Close nothing."""


@asynccontextmanager
async def running_jobs(folder: Path) -> AsyncIterator[Jobs]:
    clock = SystemClock()
    context = RunnerContext(
        command=tuple(FAKE), sampling=Sampling(Sampler(), clock), clock=clock, boot_id="b"
    )
    jobs = Jobs(
        folder, "m1", Slot("m1", None), context, lambda: Retention(keep_jobs=9, keep_s=99.0)
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(jobs.run)
        await anyio.wait_all_tasks_blocked()
        yield jobs
        tasks.cancel_scope.cancel()


async def ended(jobs: Jobs, spec: JobSpec) -> Job:
    with anyio.fail_after(HANG_S):
        result = await jobs.start(spec, SETUP)
        await jobs.ended(result)
        await jobs.slot.free()
    return result


def raising(error: Exception) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Worker, "start"), (AgentJournal, "__init__"), (job_runner, "mark_of"), (JobFolder, "mark")],
)
@pytest.mark.parametrize(
    "error", [RuntimeError("a defect"), KeyError("gone"), OSError(24, "Too many open files")]
)
async def test_a_failure_of_any_kind_is_the_jobs_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception
) -> None:
    async with running_jobs(tmp_path) as jobs:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, raising(error))
            broken = await ended(jobs, job("done"))
        assert broken.phase is JobPhase.FAILED
        assert isinstance(broken.end, JobError)
        assert broken.end.payload.category is Category.SYSTEM
        assert str(error) in broken.end.payload.message
        assert broken.end.payload.remedy
        assert (await ended(jobs, job("done"))).phase is JobPhase.DONE


async def test_an_end_that_cannot_be_written_is_given_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_jobs(tmp_path) as jobs:
        with monkeypatch.context() as patch:
            patch.setattr(job_runner, "finish", raising(RuntimeError("a defect")))
            assert (await ended(jobs, job("done"))).phase is JobPhase.FAILED
        assert (await ended(jobs, job("done"))).phase is JobPhase.DONE


async def test_a_sampler_that_breaks_ends_the_samples_alone(tmp_path: Path) -> None:
    spec = job("phase:running", "emit:1", "done")
    changed = {name: getattr(spec, name) for name in spec.__struct_fields__} | {"sampling_s": 0.01}
    async with running_jobs(tmp_path) as jobs:
        assert (await ended(jobs, JobSpec(**changed))).phase is JobPhase.DONE


async def test_a_folder_that_cannot_be_made_frees_the_slot(tmp_path: Path) -> None:
    async with running_jobs(tmp_path / "jobs") as jobs:
        (tmp_path / "jobs").write_text("no folder")
        with pytest.raises(Exception, match=r"File exists|Not a directory"):
            await jobs.start(job("done"), SETUP)
        assert jobs.slot.job_id is None
        (tmp_path / "jobs").unlink()
        assert (await ended(jobs, job("done"))).phase is JobPhase.DONE


async def test_a_defect_at_the_start_is_told_to_central() -> None:
    class Broken:
        def __init__(self) -> None:
            self.jobs: dict[str, Job] = {}

        async def start(self, spec: JobSpec) -> Job:
            raise KeyError(spec.job_id)

    sent: list[str] = []

    class Socket:
        async def send(self, data: str) -> None:
            sent.append(data)

    session = Session(cast(Agent, Broken()), cast(Any, Socket()), None)
    await session._start(job("done"))
    refused = m.decode_from_agent(sent[0])
    assert isinstance(refused, m.JobRefused)
    assert refused.failure.category is Category.SYSTEM
    assert "KeyError" in refused.failure.message


def test_an_end_that_cannot_be_read_is_none(agent: AgentProcess) -> None:
    job_id = agent.act("emit:1", "spoilt")
    result = agent.until(job_id, "failed")
    assert result["error"]["category"] == "worker_died"
    assert not is_terminal(b'{"type":"job_done"}')
    agent.until(agent.act("done"), "done")
