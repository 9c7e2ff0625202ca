"""What an earlier agent left behind: old workers end first, then their jobs get their end."""

import logging
import os
import signal
import time
from pathlib import Path

from benchrace.agent.ending import Circumstances
from benchrace.agent.folder import JobFolder, Kept, folders
from benchrace.agent.host import is_running
from benchrace.agent.running import finish
from benchrace.agent.stream import AgentStream, terminal_line
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
) -> list[tuple[JobFolder, Kept, bytes]]:
    """End what is unfinished of this machine's jobs, and give all of them with their last event.

    Blocks, up to some seconds for each worker that will not die. A folder that cannot be read,
    or that another agent's machine owns, is left alone.
    """
    found = []
    for folder in folders(jobs):
        kept = folder.kept()
        if kept is None or kept.spec.machine_id != machine_id:
            continue
        try:
            line = terminal_line(folder) or _end(folder, kept, clock, boot_id)
        except (BenchraceError, OSError) as error:
            log.warning("job %s cannot be ended: %s", folder.job_id, error)
            continue
        found.append((folder, kept, line))
    return found


def _end(folder: JobFolder, kept: Kept, clock: Clock, boot_id: str | None) -> bytes:
    outlive(folder)
    stream = AgentStream(folder, kept, clock, boot_id)
    line = finish(folder, stream, Circumstances())
    if line is None:
        raise RuntimeError("a stream that is open gives an end")
    return line


def outlive(folder: JobFolder) -> None:
    """Wait until the folder's worker is gone, and kill it where it stays; never another process."""
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
