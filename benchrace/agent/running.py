"""A job's way from its folder to its last event, with one worker process in between."""

import logging
import signal
from collections.abc import Sequence
from typing import assert_never

import anyio
import msgspec

from benchrace.agent.ending import Circumstances, Place, ending
from benchrace.agent.folder import JobFolder
from benchrace.agent.host import mark_of
from benchrace.agent.job import Job
from benchrace.agent.sampling import Sampling
from benchrace.agent.stream import AgentStream, terminal_line
from benchrace.agent.worker import Worker
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.events import encode
from benchrace.run.control import JobOrder, Noted, PhaseNow, Progressed, Reply, Unwritten
from benchrace.store.journal import Journal

log = logging.getLogger(__name__)
_LAST_WORDS_S = 1.0


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What every job runs with."""

    command: tuple[str, ...]
    sampling: Sampling
    clock: Clock
    boot_id: str | None


async def run_job(job: Job, order: JobOrder, bench: Bench, pass_fds: Sequence[int] = ()) -> None:
    """Run to the end; whatever happens, the job has exactly one last event when this returns.

    Raises nothing but cancellation of the agent itself.
    """
    stream: AgentStream | None = None
    known = Circumstances()
    try:
        stream = await anyio.to_thread.run_sync(
            AgentStream, job.folder, job.kept, bench.clock, bench.boot_id
        )
        status = None
        if job.cancel_reason is None and not job.stopped:
            status = await _work(job, order, bench, stream, pass_fds)
        known = job.circumstances(status)
    except (BenchraceError, OSError, ExceptionGroup) as error:
        known = msgspec.structs.replace(job.circumstances(None), failure=_failure(error))
    finally:
        with anyio.CancelScope(shield=True):
            line = await anyio.to_thread.run_sync(finish, job.folder, stream, known)
            job.ended(line or _unwritten(job, known, bench.clock))


def finish(folder: JobFolder, stream: AgentStream | None, known: Circumstances) -> bytes | None:
    """Cut what the worker tore, sync it, and write the end where it wrote none. Blocks.

    The worker must be gone. Gives the job's last event; None where there is none, and nothing to
    write it to. An end that does not fit is given all the same: the next start writes it again.
    """
    try:
        _close_work(folder)
        if (line := terminal_line(folder)) is not None:
            return line
        return None if stream is None else stream.end(known)
    finally:
        folder.make_room()
        if stream is not None:
            stream.close()


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
    job: Job, order: JobOrder, bench: Bench, stream: AgentStream, pass_fds: Sequence[int]
) -> int:
    worker = await Worker.start(bench.command, pass_fds)
    try:
        # Kept before the order is given: what nobody could find again does nothing.
        mark = await anyio.to_thread.run_sync(mark_of, worker.pid)
        await anyio.to_thread.run_sync(job.folder.mark, mark)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_end_when_asked, job, worker)
            tasks.start_soon(_sample, job, order.spec.sampling_s, bench, stream)
            async with anyio.create_task_group() as pipes:
                pipes.start_soon(worker.log, job.folder.log)
                pipes.start_soon(_hear, job, worker)
                await worker.say(order)
                job.worker = worker
                if job.cancel_reason is not None:
                    # It came while the worker started, and nobody has passed it on.
                    await worker.end(0.0, 1.0)
                status = await worker.wait()
                worker.signal(signal.SIGKILL)
                pipes.cancel_scope.deadline = anyio.current_time() + _LAST_WORDS_S
            tasks.cancel_scope.cancel()
        return status
    finally:
        await worker.close()


async def _hear(job: Job, worker: Worker) -> None:
    try:
        async for said in worker.lines():
            match said:
                case PhaseNow():
                    job.moved(said)
                case Unwritten(failure=failure):
                    job.unwritten = BenchraceError.of(failure)
                case Reply() | Progressed() | Noted():
                    log.warning("job %s: the worker replied to no question", job.job_id)
                case _:
                    assert_never(said)
    except msgspec.DecodeError as error:
        # A worker whose words make no sense is no worker of ours.
        log.warning("job %s: the worker's words cannot be read: %s", job.job_id, error)
        await worker.end(0.0, 1.0)


async def _sample(job: Job, period_s: float, bench: Bench, stream: AgentStream) -> None:
    try:
        await bench.sampling.during(job.job_id, period_s, stream.sample)
    except BenchraceError as error:
        # The measurement goes on without samples; its last event finds the same disk.
        log.warning("job %s: no more runtime samples: %s", job.job_id, error)


async def _end_when_asked(job: Job, worker: Worker) -> None:
    while job.cancel_reason is None and not job.stopped:
        await job.ending.wait(job.ending.count)
    if job.stopped:
        await worker.hang_up()
        await worker.end(0.5, 1.0)
    else:
        await worker.end()


def _unwritten(job: Job, known: Circumstances, clock: Clock) -> bytes:
    """Make the end of a job whose own file cannot even be opened."""
    place = Place(
        run_id=job.spec.run_id,
        job_id=job.job_id,
        machine_id=job.spec.machine_id,
        seq=0,
        t_ns=clock.monotonic_ns() - job.kept.t0_ns,
        timestamp_s=clock.wall_s(),
    )
    return encode(ending(known, place))


def _failure(error: Exception) -> BenchraceError:
    if isinstance(error, BenchraceError):
        return error
    return BenchraceError(Category.SYSTEM, f"the worker could not be run: {error}")
