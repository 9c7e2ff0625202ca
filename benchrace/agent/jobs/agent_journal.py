"""The agent's own stream of a job: samples, and the end where the worker could not write it."""

import logging
import os
from pathlib import Path
from threading import Lock

from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.jobs.terminal_event import Circumstances, Place, ending, envelope, is_terminal
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.events import codec
from benchrace.events.envelope import ClockStep, Known, Log, RuntimeSample
from benchrace.events.payloads import ClockStepPayload, LogPayload, RuntimeSamplePayload
from benchrace.store.journal import Journal, last_newline
from benchrace.store.regular import open_regular

log = logging.getLogger(__name__)


class AgentJournal:
    """Writes `agent.ndjson`; every method blocks, and one waits for another.

    On a full disk samples are left out and counted, and the gap is written once there is room.
    """

    def __init__(
        self, folder: JobFolder, record: JobRecord, clock: Clock, boot_id: str | None
    ) -> None:
        self._folder = folder
        self._record = record
        self._clock = clock
        self._same_boot = record.boot_id == boot_id
        self._journal = Journal(folder.agent)
        self._lost = 0
        # Samples and steps of the clock come from threads of their own.
        self._writing = Lock()
        self.seq = count_lines(folder.agent)

    def sample(self, payload: RuntimeSamplePayload) -> None:
        """Add a sample; a full disk raises nothing."""
        try:
            with self._writing:
                if self._lost:
                    self._gap()
                self._append(RuntimeSample(**envelope(self._place()), payload=payload))
        except BenchraceError as error:
            if error.category is not Category.DISK_FULL:
                raise
            self._lost += 1

    def clock_step(self, step_s: float) -> None:
        """Record that the wall clock moved; a full disk raises nothing."""
        payload = ClockStepPayload(step_s=step_s)
        try:
            with self._writing:
                self._append(ClockStep(**envelope(self._place()), payload=payload))
        except BenchraceError as error:
            if error.category is not Category.DISK_FULL:
                raise
            log.warning(
                "job %s: a step of the clock could not be recorded: %s", self._folder.job_id, error
            )

    def end(self, circumstances: Circumstances) -> bytes:
        """Write the job's last event and return it; the reserve makes room for it.

        Where even that fails, the event is returned, and not written.
        """
        event = ending(circumstances, self._place())
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
            log.warning(
                "the last event of job %s could not be written: %s", self._folder.job_id, error
            )
        return codec.encode(event)

    def close(self) -> None:
        """Close the file."""
        self._journal.close()

    def _gap(self) -> None:
        payload = LogPayload(
            level="warning",
            message=f"{self._lost} runtime samples were dropped: the disk was full",
            source="agent",
        )
        self._append(Log(**envelope(self._place()), payload=payload))
        self._lost = 0

    def _append(self, event: Known) -> None:
        self._journal.append(codec.encode(event))
        self.seq += 1

    def _place(self) -> Place:
        spec = self._record.spec
        since = self._clock.monotonic_ns() - self._record.t0_ns
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
        with os.fdopen(open_regular(path), "rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def last_line(path: Path) -> bytes | None:
    """Return the last whole line of a journal; None where there is none. Blocks."""
    try:
        fd = open_regular(path)
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
    """Return the job's last event, the worker's before the agent's; None while there is none."""
    for path in (folder.work, folder.agent):
        line = last_line(path)
        if line is not None and is_terminal(line):
            return line
    return None
