"""Recovery of runs: those left unfinished, and those of which an agent still has lines."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
from anyio import to_thread

from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.registry import Runs
from benchrace.central.runs.scheduler import Scheduler
from benchrace.errors import BenchraceError, Category, NotFound, with_remedy
from benchrace.protocol.agent_central import Hello, JobReport
from benchrace.run.clients import on_machines
from benchrace.run.states import RunState
from benchrace.store import atomic
from benchrace.store.run_folder import RunFolder, run_ids
from benchrace.store.run_log import RunLog

log = logging.getLogger(__name__)
Found = tuple[RunFolder, RunLog]


class Recovery:
    """Reopens runs' logs, and schedules the runs.

    What has no summary is not over, and is taken up by whichever central comes next.
    """

    def __init__(
        self,
        runs_dir: Path,
        runs: Runs,
        scheduler: Scheduler,
        make: Callable[[RunFolder, RunLog], LiveRun],
    ) -> None:
        self._runs_dir = runs_dir
        self._runs = runs
        self._scheduler = scheduler
        self._make = make
        self._one_by_one = anyio.Lock()

    async def take_up(self) -> None:
        """Go on with what a central before this one left."""
        left = await to_thread.run_sync(unfinished, self._runs_dir)
        for opened in sorted(left, key=lambda pair: pair[0].metadata.created_at):
            await self._open(opened)

    async def reopen(self, hello: Hello) -> None:
        """Open the runs that are over and lack what this agent has; raises `disk_full`."""
        machine_id = hello.capabilities.machine_id
        async with self._one_by_one:
            for report in hello.jobs:
                if report.run_id in self._runs.live or not self._runs.is_wanted(report.job_id):
                    continue
                opened = await to_thread.run_sync(lacking, self._runs_dir, machine_id, report)
                if opened is not None:
                    log.info("reopening run %s for %s", report.run_id, machine_id)
                    await self._open(opened)

    async def _open(self, opened: Found) -> None:
        run = self._make(*opened)
        if run.metadata.state is not RunState.QUEUED:
            run.make_jobs()
        await run.replay()
        self._runs.add(run)
        self._scheduler.add(run, checked=False)


def unfinished(runs_dir: Path) -> list[Found]:
    """Open every run without an end, oldest first, and make its log whole; blocking.

    A run whose metadata cannot be read is left as it is, and said in the log.
    """
    return list(_unfinished(runs_dir))[::-1]


def _unfinished(runs_dir: Path) -> Iterator[Found]:
    for run_id in run_ids(runs_dir):
        # Each finished run has a summary: only the others need to be read.
        if (runs_dir / run_id / "summary.json").exists():
            continue
        try:
            folder = RunFolder.open(runs_dir, run_id)
            yield folder, RunLog.open(folder)
        except BenchraceError as error:
            problem = with_remedy(error.message, error.remedy)
            log.warning("%s cannot be resumed: %s", run_id, problem)


def lacking(runs_dir: Path, machine_id: str, report: JobReport) -> Found | None:
    """Open the run of a job of which its agent has more than the log; blocking.

    None where nothing is lacking, and for a run that was deleted or is not this machine's: the
    agent may forget the job. Raises `disk_full`.
    """
    try:
        folder = RunFolder.open(runs_dir, report.run_id or "")
        lanes = on_machines(folder.metadata.lanes)
        jobs = {(lane.job_id, lane.machine_id) for lane in lanes}
        if (report.job_id, machine_id) not in jobs:
            return None
        opened = RunLog.open(folder)
    except NotFound:
        return None
    except BenchraceError as error:
        if error.category is Category.DISK_FULL:
            raise
        problem = with_remedy(error.message, error.remedy)
        log.warning("late lines of %s are ignored: %s", report.run_id, problem)
        return None
    if report.phase.final and not _lacks(opened, report):
        opened.close()
        return None
    try:
        # Before the first line: what has a summary is whole.
        folder.summary_path.unlink(missing_ok=True)
        atomic.sync_folder(folder.path)
    except OSError as error:
        opened.close()
        raise atomic.failure(folder.summary_path, error) from error
    return folder, opened


def _lacks(opened: RunLog, report: JobReport) -> bool:
    return any(
        opened.next_seq(report.job_id, stream) < count for stream, count in report.lines.items()
    )
