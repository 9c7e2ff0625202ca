"""A job's folder: what is needed to continue or end the job after any crash."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchrace import structs
from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.output import Output
from benchrace.errors import FieldError, InvalidInput
from benchrace.ids import is_job_id
from benchrace.protocol.job import JobSpec
from benchrace.run.metadata import RunMetadata
from benchrace.store import atomic, regular

log = logging.getLogger(__name__)

# Given up to make room for the end when the disk is full; far more than one event setup.
_RESERVE_BYTES = 64 * 1024
_DELETED = ".deleted-"


class JobSender(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a job, whom to tell about it, and where its files are uploaded to.

    `reference` is the sender's own id of the job, `digest` the SHA-256 of its request, and
    `cancel_token` what cancels it beside its id. `form` names how callbacks are written, `context`
    is for that form alone.
    """

    callbacks: Callbacks = Callbacks()
    output: Output | None = None
    form: str = "native"
    reference: str | None = None
    digest: str | None = None
    cancel_token: str | None = None
    context: dict[str, Any] = {}

    @property
    def is_served(self) -> bool:
        """Check whether anything is sent when the job is over."""
        return bool(self.callbacks.items()) or self.output is not None


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`t0_ns` (monotonic) is the zero of the events' `t_ns`, in the boot named by `boot_id`."""

    spec: JobSpec
    t0_ns: int
    boot_id: str | None
    accepted_at: float
    version: str
    sender: JobSender = JobSender()


class WorkerMark(msgspec.Struct, frozen=True):
    """A process, identified by its number and its start (wall seconds)."""

    pid: int
    started: float


class JobFolder:
    """Paths and small files; every method blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / "work.ndjson"
        self.agent = path / "agent.ndjson"
        self.log = path / "worker.log"
        self.archive = path / "archive"
        self._record = path / "job.json"
        self._mark = path / "worker.json"
        self._acknowledged = path / "acknowledged"
        self._reserve = path / "reserve"
        self._metadata = path / "metadata.json"

    @property
    def job_id(self) -> str:
        return self.path.name

    @classmethod
    def create(
        cls, jobs: Path, record: JobRecord, metadata: RunMetadata | None = None
    ) -> "JobFolder":
        """Create the folder of a new job; one without a central has the metadata of a run.

        Raises `validation` for a name that no job has, `disk_full` or `system`. What is there under
        that name already stays as it is, but for a folder that an agent died in making. One that
        cannot be filled is gone again.
        """
        job_id = record.spec.job_id
        if not is_job_id(job_id):
            raise InvalidInput(FieldError("job_id", f"invalid job ID {job_id[:80]!r}"))
        folder = cls(jobs / job_id)
        try:
            regular.make_folder(jobs, job_id)
        except OSError as error:
            if not isinstance(error, FileExistsError) or not folder._is_unfinished():
                raise atomic.failure(folder.path, error) from error
        try:
            atomic.write(folder._reserve, os.urandom(_RESERVE_BYTES))
            atomic.write(folder.log, b"")
            if metadata is not None:
                atomic.write(folder._metadata, msgspec.json.encode(metadata))
            atomic.write(folder._record, msgspec.json.encode(record))
        except BaseException:
            regular.undo_folder(folder.path, (*folder._before(), folder._record.name))
            raise
        return folder

    def _before(self) -> tuple[str, ...]:
        """Return the files that may be there before `job.json` is."""
        return (self._reserve.name, self.log.name, self._metadata.name)

    def _is_unfinished(self) -> bool:
        """Check whether an agent died in making this: `job.json` comes last, before any worker."""
        if self.path.is_symlink():
            return False
        try:
            names = [path.name for path in self.path.iterdir()]
        except OSError:
            return False
        before = self._before()
        return all(name in before or name.startswith(".") for name in names)

    def record(self) -> JobRecord | None:
        """Read `job.json`; None where the folder was never finished, or is not its job's."""
        try:
            record = structs.decode(regular.read(self._record), JobRecord)
        except (OSError, msgspec.DecodeError):
            return None
        return record if record.spec.job_id == self.job_id else None

    def metadata(self) -> RunMetadata | None:
        """Read the metadata of a job without a central; None for another job."""
        try:
            return structs.decode(regular.read(self._metadata), RunMetadata)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def mark(self, worker: WorkerMark) -> None:
        """Record the worker before it gets its order."""
        atomic.write(self._mark, msgspec.json.encode(worker))

    def marked(self) -> WorkerMark | None:
        """Return the worker that was recorded last."""
        try:
            return structs.decode(regular.read(self._mark), WorkerMark)
        except (OSError, msgspec.DecodeError):
            return None

    def note(self, text: str) -> None:
        """Add a line to the worker's log; on a full disk it is left out."""
        try:
            with self.log.open("a") as file:
                file.write(f"benchrace agent: {text}\n")
        except OSError as error:
            log.warning("%s: %s", self.log, error.strerror or error)

    def make_room(self) -> None:
        """Free the reserve, so that a last event fits on a full disk."""
        self._reserve.unlink(missing_ok=True)

    def acknowledge(self) -> None:
        """Note that central has all of it, or never wants it; on a full disk it is kept longer."""
        try:
            regular.append(self._acknowledged, b"")
        except OSError as error:
            log.warning("%s: %s", self._acknowledged, error.strerror or error)

    @property
    def acknowledged(self) -> bool:
        return self._acknowledged.exists()

    def remove(self) -> None:
        """Delete everything; a half-removed folder is never taken for a job."""
        away = self.path.with_name(f"{_DELETED}{self.job_id}")
        try:
            self.path.rename(away)
        except OSError as error:
            log.warning("%s: %s", self.path, error.strerror or error)
            return
        shutil.rmtree(away, ignore_errors=True)


def sweep(jobs: Path) -> None:
    """Delete what is left of folders that an agent died in removing."""
    for path in jobs.glob(f"{_DELETED}*"):
        if is_job_id(path.name.removeprefix(_DELETED)):
            shutil.rmtree(path, ignore_errors=True)


def folders(jobs: Path) -> Iterator[JobFolder]:
    """Yield the folders of all jobs below `jobs`, of every agent that uses the data folder."""
    if not jobs.is_dir():
        return
    for path in sorted(jobs.iterdir()):
        if is_job_id(path.name) and path.is_dir() and not path.is_symlink():
            yield JobFolder(path)
