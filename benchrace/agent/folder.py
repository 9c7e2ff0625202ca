"""A job's folder: what is needed to go on with it, or to end it, after any crash."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchrace.errors import BenchraceError
from benchrace.ids import is_job_id
from benchrace.run.job import JobSpec
from benchrace.store import atomic

log = logging.getLogger(__name__)

# Given up to make room for the end when the disk is full; far more than one event needs.
_RESERVE_BYTES = 64 * 1024


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """`t0_ns` (monotonic) is the zero of the events' `t_ns`, in the boot named by `boot_id`."""

    spec: JobSpec
    t0_ns: int
    boot_id: str | None
    accepted_at: float
    version: str


class WorkerMark(msgspec.Struct, frozen=True):
    """A process, told apart from a later one of the same number by its start (wall seconds)."""

    pid: int
    started: float


class JobFolder:
    """Paths and small files; every method blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / "work.ndjson"
        self.agent = path / "agent.ndjson"
        self.log = path / "worker.log"
        self._kept = path / "job.json"
        self._mark = path / "worker.json"
        self._acknowledged = path / "acknowledged"
        self._reserve = path / "reserve"

    @property
    def job_id(self) -> str:
        return self.path.name

    @classmethod
    def create(cls, jobs: Path, kept: Kept) -> "JobFolder":
        """Make the folder of a new job; raises `disk_full` or `system`, and leaves nothing."""
        folder = cls(jobs / kept.spec.job_id)
        try:
            folder.path.mkdir(parents=True)
            folder._reserve.write_bytes(os.urandom(_RESERVE_BYTES))
            atomic.write(folder._kept, msgspec.json.encode(kept))
        except BenchraceError:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        except OSError as error:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise atomic.failure(folder.path, error) from error
        return folder

    def kept(self) -> Kept | None:
        """Read what was kept; None where the folder was never finished, or is no job's."""
        try:
            return msgspec.json.decode(self._kept.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            return None

    def mark(self, worker: WorkerMark) -> None:
        """Remember the worker before it is told what to do."""
        atomic.write(self._mark, msgspec.json.encode(worker))

    def marked(self) -> WorkerMark | None:
        """Give the worker that was remembered last."""
        try:
            return msgspec.json.decode(self._mark.read_bytes(), type=WorkerMark)
        except (OSError, msgspec.DecodeError):
            return None

    def make_room(self) -> None:
        """Give up the reserve, so that a last event fits on a full disk."""
        self._reserve.unlink(missing_ok=True)

    def acknowledge(self) -> None:
        """Note that central has all of it, or never wants it; on a full disk it is kept longer."""
        try:
            self._acknowledged.touch()
        except OSError as error:
            log.warning("%s: %s", self._acknowledged, error.strerror or error)

    @property
    def acknowledged(self) -> bool:
        return self._acknowledged.exists()

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.path, ignore_errors=True)


def folders(jobs: Path) -> Iterator[JobFolder]:
    """Yield the folders of all jobs below `jobs`, of every agent that uses the data folder."""
    if not jobs.is_dir():
        return
    for path in sorted(jobs.iterdir()):
        if is_job_id(path.name) and path.is_dir():
            yield JobFolder(path)
