"""Lines of a worker that writes while they are sent."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from anyio import to_thread

from benchrace.agent.agent import Agent
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.link.job_lines import JobLines
from benchrace.agent.link.outbox import FRAME_BYTES
from benchrace.notifier import Notifier
from benchrace.protocol.agent_central import unpack
from benchrace.run.states import JobPhase
from benchrace.store.regular import append
from benchrace.testing.limits import HANG_S
from tests.agent.fake_central import job as job_spec

LINE = b'{"seq":0}\n'


@pytest.fixture
def job(tmp_path: Path) -> Job:
    record = JobRecord(spec=job_spec("done"), t0_ns=0, boot_id="b", accepted_at=1.0, version="0")
    return Job(JobFolder.create(tmp_path / "jobs", record), record, Notifier())


class Link:
    """A link on whose every frame the worker writes another line."""

    def __init__(self, job: Job, frames: int) -> None:
        self.written = Notifier()
        jobs = SimpleNamespace(written=self.written, all=lambda: (job,))
        loans = SimpleNamespace(owner=lambda _: None)
        agent: Any = SimpleNamespace(jobs=jobs, loans=loans)
        self.lines = JobLines(cast(Agent, agent), None, self._send)
        self.sent: list[str | int] = []
        self._job = job
        self._frames = frames

    async def _send(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.sent.append(unpack(message)[0].count)
            await to_thread.run_sync(append, self._job.folder.work, LINE)
        else:
            self.sent.append("phase")
        if len(self.sent) == self._frames:
            self.stop()

    def stop(self) -> None:
        self.scope.cancel()

    async def run(self) -> None:
        with anyio.fail_after(HANG_S), anyio.CancelScope() as self.scope:
            await self.lines.run()


async def test_lines_that_come_while_others_are_sent_wait_for_the_next_batch(job: Job) -> None:
    job.folder.work.write_bytes(LINE * 3)
    link = Link(job, 2)
    await link.run()
    assert link.sent == [3, "phase"]


async def test_more_than_one_frame_is_sent_whole(job: Job) -> None:
    count = FRAME_BYTES // len(LINE)
    job.folder.work.write_bytes(LINE * (count + 5))
    link = Link(job, 3)
    await link.run()
    # The line that came with the first frame is there when the rest is read.
    assert link.sent == [count, 6, "phase"]


async def test_a_short_read_is_not_the_end_of_a_job_that_is_over(job: Job) -> None:
    job.folder.work.write_bytes(LINE * 3)
    job.phases.append(JobPhase.DONE)
    link = Link(job, 2)
    await link.run()
    assert link.sent[:2] == [3, 1]
