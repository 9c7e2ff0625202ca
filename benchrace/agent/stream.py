"""The agent's own stream of a job: samples, and the end where the worker could not write it."""

import logging
import os
from pathlib import Path

from benchrace.agent.ending import Circumstances, Place, ending, envelope, is_terminal
from benchrace.agent.folder import JobFolder, Kept
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.events import codec
from benchrace.events.envelope import Known, Log, RuntimeSample
from benchrace.events.payloads import LogPayload, RuntimeSamplePayload
from benchrace.store.journal import Journal, last_newline

log = logging.getLogger(__name__)


class AgentStream:
    """Writes `agent.ndjson`; every method blocks.

    On a full disk samples are left out and counted, and the gap is written once there is room.
    """

    def __init__(self, folder: JobFolder, kept: Kept, clock: Clock, boot_id: str | None) -> None:
        self._folder = folder
        self._kept = kept
        self._clock = clock
        self._same_boot = kept.boot_id == boot_id
        self._journal = Journal(folder.agent)
        self._lost = 0
        self.seq = count_lines(folder.agent)

    def sample(self, payload: RuntimeSamplePayload) -> None:
        """Add a sample; a full disk is no error."""
        try:
            if self._lost:
                self._gap()
            self._append(RuntimeSample(**envelope(self._place()), payload=payload))
        except BenchraceError as error:
            if error.category is not Category.DISK_FULL:
                raise
            self._lost += 1

    def end(self, known: Circumstances) -> bytes:
        """Write the job's last event and give it; the reserve makes room for it.

        Where even that fails, the event is given all the same, and not written.
        """
        event = ending(known, self._place())
        try:
            try:
                self._append(event)
            except BenchraceError as error:
                if error.category is not Category.DISK_FULL:
                    raise
                self._folder.make_room()
                self._append(event)
            self._journal.sync()
        except BenchraceError as error:
            log.warning("the end of job %s is not kept: %s", self._folder.job_id, error)
        return codec.encode(event)

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def _gap(self) -> None:
        payload = LogPayload(
            level="warning",
            message=f"{self._lost} runtime samples were left out: the disk was full",
            source="agent",
        )
        self._append(Log(**envelope(self._place()), payload=payload))
        self._lost = 0

    def _append(self, event: Known) -> None:
        self._journal.append(codec.encode(event))
        self.seq += 1

    def _place(self) -> Place:
        spec = self._kept.spec
        since = self._clock.monotonic_ns() - self._kept.t0_ns
        return Place(
            run_id=spec.run_id,
            job_id=spec.job_id,
            machine_id=spec.machine_id,
            seq=self.seq,
            # After a reboot the clock has another zero: no time is better than a wrong one.
            t_ns=since if self._same_boot else 0,
            timestamp_s=self._clock.wall_s(),
        )


def count_lines(path: Path) -> int:
    """Count the whole lines of a journal, 0 where there is none. Blocks."""
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def last_line(path: Path) -> bytes | None:
    """Give the last whole line of a journal; None where there is none. Blocks."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        end = last_newline(fd, os.fstat(fd).st_size)
        if end == 0:
            return None
        start = last_newline(fd, end - 1)
        return os.pread(fd, end - start, start)
    finally:
        os.close(fd)


def terminal_line(folder: JobFolder) -> bytes | None:
    """Give the job's last event, the worker's before the agent's; None while there is none."""
    for path in (folder.work, folder.agent):
        line = last_line(path)
        if line is not None and is_terminal(line):
            return line
    return None
