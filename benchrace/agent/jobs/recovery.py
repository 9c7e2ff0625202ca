"""Recovery of an earlier agent's jobs: their workers end first, then the jobs are closed."""

import logging
import os
import signal
import time
from pathlib import Path

from benchrace.agent.host_lock import is_running
from benchrace.agent.jobs.agent_journal import AgentJournal, terminal_line
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord, folders, sweep
from benchrace.agent.jobs.job_runner import finish
from benchrace.agent.jobs.terminal_event import Circumstances
from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.store.journal import is_held

log = logging.getLogger(__name__)
# A worker whose agent is gone ends by itself: by the end of its input, or the parent's death.
_PATIENCE_S = 3.0
_KILLED_S = 5.0
_LOOK_S = 0.02


def recover(
    jobs: Path, machine_id: str, clock: Clock, boot_id: str | None
) -> list[tuple[JobFolder, JobRecord, bytes]]:
    """End this machine's unfinished jobs, and return all of its jobs with their last events.

    Blocks, up to some seconds for each worker that will not die. A folder that cannot be read,
    or that another agent's machine owns, is left alone.
    """
    recovered = []
    sweep(jobs)
    for folder in folders(jobs):
        record = folder.record()
        if record is None or record.spec.machine_id != machine_id:
            continue
        try:
            line = terminal_line(folder) or _end(folder, record, clock, boot_id)
        except (BenchraceError, OSError) as error:
            log.warning("job %s cannot be ended: %s", folder.job_id, error)
            continue
        recovered.append((folder, record, line))
    return recovered


def _end(folder: JobFolder, record: JobRecord, clock: Clock, boot_id: str | None) -> bytes:
    reap_worker(folder)
    stream = AgentJournal(folder, record, clock, boot_id)
    restarted = None not in (boot_id, record.boot_id) and boot_id != record.boot_id
    line = finish(folder, stream, Circumstances(restarted=restarted))
    if line is None:
        raise RuntimeError("a stream that is open gives an end")
    return line


def reap_worker(folder: JobFolder) -> None:
    """Wait until the folder's worker is gone; kill it if it stays, and never another process."""
    if _gone(folder, _PATIENCE_S):
        return
    mark = folder.marked()
    if mark is not None and is_running(mark):
        log.warning("worker %d of job %s outlived its agent: killed", mark.pid, folder.job_id)
        try:
            os.killpg(mark.pid, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(mark.pid, signal.SIGKILL)
    _gone(folder, _KILLED_S)


def _gone(folder: JobFolder, patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while True:
        mark = folder.marked()
        if not is_held(folder.work) and (mark is None or not is_running(mark)):
            return True
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_S)
