"""Running a job: from its folder to its last event, with one worker process in between."""

import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import assert_never

import anyio
import msgspec

from benchrace.agent.host_lock import mark_of
from benchrace.agent.jobs.agent_journal import AgentJournal, terminal_line
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.jobs.keep_awake import KeepAwake
from benchrace.agent.jobs.sampling import Sampling
from benchrace.agent.jobs.terminal_event import Circumstances, Place, cause, ending
from benchrace.agent.jobs.worker_process import Worker, WorkerCommand
from benchrace.clock import Clock, WallSteps
from benchrace.errors import BenchraceError, Category
from benchrace.events import encode
from benchrace.protocol.agent_worker import (
    JobOrder,
    Listening,
    Noted,
    PhaseNow,
    Progressed,
    Reply,
    Unwritten,
)
from benchrace.store.journal import Journal

log = logging.getLogger(__name__)
_LAST_WORDS_S = 1.0
CLOCK_S = 1.0


Archive = Callable[[JobFolder, JobRecord, bytes], object]


class RunnerContext(msgspec.Struct, frozen=True, kw_only=True):
    """What every job runs with. `archive` blocks, and raises nothing."""

    command: WorkerCommand
    sampling: Sampling
    clock: Clock
    boot_id: str | None
    awake: KeepAwake | None = None
    archive: Archive | None = None


async def run_job(
    job: Job, order: JobOrder, context: RunnerContext, pass_fds: Sequence[int] = ()
) -> None:
    """Run to the end; whatever happens, the job has exactly one last event when this returns.

    Raises nothing but cancellation of the agent itself.
    """
    journal: AgentJournal | None = None
    circumstances = Circumstances()
    try:
        journal = await anyio.to_thread.run_sync(
            AgentJournal, job.folder, job.record, context.clock, context.boot_id
        )
        status = None
        if job.cancel_reason is None and not job.stopped:
            async with nullcontext() if context.awake is None else context.awake.during():
                status = await _work(job, order, context, journal, pass_fds)
        circumstances = job.circumstances(status)
    except Exception as error:
        # Whatever it is: one job must not end the agent, nor be left without an end.
        failure = _failure(error)
        log.warning("job %s: %s", job.job_id, failure.message, exc_info=error)
        circumstances = msgspec.structs.replace(job.circumstances(None), failure=failure)
    finally:
        with anyio.CancelScope(shield=True):
            line = await _finished(job, journal, circumstances)
            line = line or _unwritten(job, circumstances, context.clock)
            if context.archive is not None and job.record.sender.is_served:
                # Before the next job can start: hashing would disturb it.
                await anyio.to_thread.run_sync(context.archive, job.folder, job.record, line)
            job.ended(line)


async def _finished(
    job: Job, journal: AgentJournal | None, circumstances: Circumstances
) -> bytes | None:
    try:
        return await anyio.to_thread.run_sync(finish, job.folder, journal, circumstances)
    except Exception:
        log.exception("job %s: its last event cannot be written", job.job_id)
        return None


def finish(
    folder: JobFolder, journal: AgentJournal | None, circumstances: Circumstances
) -> bytes | None:
    """Cut what the worker tore, sync it, and write the end where it wrote none. Blocks.

    The worker must be gone. Returns the job's last event; None where there is none, and nothing to
    write it to. An end that does not fit is returned all the same: the next start writes it again.
    """
    try:
        _close_work(folder)
        if (line := terminal_line(folder)) is not None:
            return line
        if circumstances.cancelled is None:
            folder.note(cause(circumstances)[1])
        return None if journal is None else journal.end(circumstances)
    finally:
        folder.make_room()
        if journal is not None:
            journal.close()


def _close_work(folder: JobFolder) -> None:
    if not folder.work.exists():
        return
    try:
        with Journal(folder.work) as journal:
            journal.sync()
    except BenchraceError as error:
        # What can be read of it is served; the end says the rest.
        log.warning("job %s: its journal cannot be closed: %s", folder.job_id, error)


async def _work(
    job: Job,
    order: JobOrder,
    context: RunnerContext,
    journal: AgentJournal,
    pass_fds: Sequence[int],
) -> int:
    steps = WallSteps(context.clock)
    worker = await Worker.start(context.command, pass_fds)
    try:
        # Recorded before the order is sent: a worker that cannot be found again must do nothing.
        mark = await anyio.to_thread.run_sync(mark_of, worker.pid)
        await anyio.to_thread.run_sync(job.folder.mark, mark)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_end_when_asked, job, worker)
            tasks.start_soon(_sample, job, order.spec.sampling_s, context, journal)
            tasks.start_soon(_watch_clock, steps, journal)
            async with anyio.create_task_group() as pipes:
                pipes.start_soon(worker.log, job.folder.log)
                pipes.start_soon(_hear, job, worker)
                await worker.send(order)
                job.worker = worker
                if job.cancel_reason is not None:
                    # It came while the worker started, and was not passed on.
                    await worker.end(0.0, 1.0)
                status = await worker.wait()
                worker.signal(signal.SIGKILL)
                pipes.cancel_scope.deadline = anyio.current_time() + _LAST_WORDS_S
            tasks.cancel_scope.cancel()
        await _note_step(steps, journal)
        await _last_sample(job, order.spec.sampling_s, context, journal)
        return status
    finally:
        await worker.close()


async def _hear(job: Job, worker: Worker) -> None:
    try:
        async for message in worker.lines():
            match message:
                case PhaseNow():
                    job.moved(message)
                case Unwritten(failure=failure):
                    job.unwritten = BenchraceError.of(failure)
                case Reply() | Progressed() | Noted() | Listening():
                    log.warning("job %s: unexpected reply from the worker", job.job_id)
                case _:
                    assert_never(message)
    except msgspec.DecodeError as error:
        # A process that sends something else is not a benchrace worker.
        log.warning("job %s: invalid message from the worker: %s", job.job_id, error)
        await worker.end(0.0, 1.0)


async def _sample(job: Job, period_s: float, context: RunnerContext, journal: AgentJournal) -> None:
    try:
        await context.sampling.during(job.job_id, period_s, journal.sample)
    except Exception as error:
        # The measurement goes on without samples; its last event finds the same disk.
        log.warning("job %s: no more runtime samples", job.job_id, exc_info=error)


async def _last_sample(
    job: Job, period_s: float, context: RunnerContext, journal: AgentJournal
) -> None:
    if period_s <= 0 or job.stopped:
        return
    try:
        await context.sampling.last_of(job.job_id, journal.sample)
    except Exception as error:
        log.warning("job %s: no last runtime sample", job.job_id, exc_info=error)


async def _watch_clock(steps: WallSteps, journal: AgentJournal) -> None:
    while True:
        await anyio.sleep(CLOCK_S)
        await _note_step(steps, journal)


async def _note_step(steps: WallSteps, journal: AgentJournal) -> None:
    if (step_s := steps.look()) is not None:
        await anyio.to_thread.run_sync(journal.clock_step, step_s)


async def _end_when_asked(job: Job, worker: Worker) -> None:
    while job.cancel_reason is None and not job.stopped:
        await job.ending.wait()
    if job.stopped:
        await worker.hang_up()
        await worker.end(0.5, 1.0)
    else:
        await worker.end()


def _unwritten(job: Job, circumstances: Circumstances, clock: Clock) -> bytes:
    """Build the last event of a job whose own file cannot even be opened."""
    place = Place(
        run_id=job.spec.run_id,
        job_id=job.job_id,
        machine_id=job.spec.machine_id,
        seq=0,
        t_ns=clock.monotonic_ns() - job.record.t0_ns,
        timestamp_s=clock.wall_s(),
    )
    return encode(ending(circumstances, place))


def _failure(error: Exception) -> BenchraceError:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, BenchraceError):
        return error
    what = error if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    return BenchraceError(Category.SYSTEM, f"the worker could not be run: {what}")
