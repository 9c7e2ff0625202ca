"""Sending the lines of jobs to central: from where it has got to, until it has all of them."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio

from benchrace.agent.agent import Agent
from benchrace.agent.jobs.agent_journal import count_lines
from benchrace.agent.jobs.job import Job
from benchrace.agent.link.outbox import JobOutbox
from benchrace.api.agents import LoanRequest
from benchrace.errors import BenchraceError, Category
from benchrace.protocol import agent_central as m

log = logging.getLogger(__name__)
_FORGOTTEN = "central does not want this run any more"
Send = Callable[[str | bytes], Awaitable[None]]


class JobLines:
    """The outboxes of one link's jobs.

    The central of a `loan` hears of the jobs that it has given itself, and of no others: what it
    does not know would count as finished with.
    """

    def __init__(self, agent: Agent, loan: LoanRequest | None, send: Send) -> None:
        self._agent = agent
        self._loan = loan
        self._send = send
        self._outboxes: dict[str, JobOutbox] = {}
        self._settled: set[str] = set()

    async def reports(self) -> tuple[m.JobReport, ...]:
        """Report the runs' jobs of which central may lack something."""
        return tuple([await _report(job) for job in await self._wanted()])

    async def resume(self, offsets: Mapping[str, Mapping[str, int]]) -> None:
        """Begin at central's offsets, by job and stream; end the jobs that it does not want."""
        for job in await self._wanted():
            if (resume := offsets.get(job.job_id)) is not None:
                self._outboxes[job.job_id] = JobOutbox(job, resume)
                continue
            self._settled.add(job.job_id)
            if job.phase.final:
                await self._agent.jobs.acknowledge(job)
            else:
                await job.cancel(_FORGOTTEN)

    async def acknowledged(self, ack: m.Ack) -> None:
        """Note which lines central has synced."""
        if (outbox := self._outboxes.get(ack.job_id)) is not None:
            outbox.acknowledged(ack.stream, ack.next_seq)
            await self._settle(outbox)

    async def run(self) -> None:
        """Send lines as they are written, until cancelled."""
        written = self._agent.jobs.written
        seen = written.count - 1
        while True:
            seen = await written.wait(seen)
            self._add_new()
            for outbox in tuple(self._outboxes.values()):
                # Taken before the lines are read: a final phase is sent after all of its lines.
                news, final = outbox.news(), outbox.job.phase.final
                try:
                    await self._drain(outbox, final=final)
                except OSError as error:
                    await self._drop(outbox, error)
                    continue
                outbox.drained(final=final)
                if news is not None:
                    await self._send(m.encode(news))
                await self._settle(outbox)

    async def _wanted(self) -> list[Job]:
        wanted = []
        for job in self._agent.jobs.all():
            if not self._concerns(job):
                continue
            if job.phase.final and await anyio.to_thread.run_sync(_is_acknowledged, job):
                self._settled.add(job.job_id)
            else:
                wanted.append(job)
        return wanted

    def _concerns(self, job: Job) -> bool:
        owner = self._agent.loans.owner(job.job_id)
        return job.spec.run_id is not None and owner is self._loan

    def _add_new(self) -> None:
        for job in self._agent.jobs.all():
            tracked = job.job_id in self._outboxes or job.job_id in self._settled
            if self._concerns(job) and not tracked:
                self._outboxes[job.job_id] = JobOutbox(job, {})

    async def _drain(self, outbox: JobOutbox, *, final: bool) -> None:
        for name, sent in outbox.unread():
            while True:
                # The first read may have to pass over a long journal to get to its place.
                parcel = (
                    await anyio.to_thread.run_sync(outbox.next, name)
                    if sent.fresh
                    else outbox.next(name)
                )
                if parcel is None:
                    break
                await self._send(m.pack(parcel.frame, parcel.lines))
                if sent.tail.at_end and not final:
                    # What a fast worker has written meanwhile goes with the next batch. After
                    # the job's end there is none: then only an empty read is the end.
                    break

    async def _drop(self, outbox: JobOutbox, error: OSError) -> None:
        """Drop a job whose journal cannot be read, and report it; the others go on."""
        job_id = outbox.job.job_id
        log.warning("job %s: its journal cannot be read: %s", job_id, error)
        self._outboxes.pop(job_id, None)
        self._settled.add(job_id)
        what = f"the journal of job {job_id} cannot be read: {error}"
        failure = BenchraceError(Category.SYSTEM, what).failure()
        await self._send(m.encode(m.JobRefused(job_id=job_id, failure=failure)))

    async def _settle(self, outbox: JobOutbox) -> None:
        job = outbox.job
        if outbox.finished and self._outboxes.pop(job.job_id, None) is not None:
            self._settled.add(job.job_id)
            await self._agent.jobs.acknowledge(job)


async def _report(job: Job) -> m.JobReport:
    folder = job.folder
    work = await anyio.to_thread.run_sync(_count, folder.work)
    own = await anyio.to_thread.run_sync(_count, folder.agent)
    return m.JobReport(
        job_id=job.job_id,
        run_id=job.spec.run_id,
        phase=job.phase,
        heat=job.heat,
        opening=job.opening,
        lines={"work": work, "agent": own},
    )


def _count(path: Path) -> int:
    try:
        return count_lines(path)
    except OSError as error:
        log.warning("a journal cannot be read: %s", error)
        return 0


def _is_acknowledged(job: Job) -> bool:
    return job.folder.acknowledged
