"""Artifacts of a job, read for central piece by piece, while nothing measures."""

import os
import stat
from pathlib import Path

from anyio import to_thread

from benchrace.agent.jobs.registry import Jobs
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.ids import is_sha256
from benchrace.protocol.artifacts import ArtifactAsk, ArtifactPiece

FOLDER = "artifacts"


async def piece(jobs: Jobs, ask: ArtifactAsk | None) -> ArtifactPiece:
    """Read a piece of a file of a run's job; raises Busy while this machine measures.

    Raises InvalidInput for an invalid digest, and NotFound for one that is not there.
    """
    if ask is None or not is_sha256(ask.sha256):
        raise InvalidInput(FieldError("artifact", "expected the SHA-256 of a file"))
    jobs.slot.refuse_if_busy()
    job = jobs.named(ask.job_id)
    path = job.folder.path / FOLDER / ask.sha256
    return ArtifactPiece(data=await to_thread.run_sync(_read, path, ask.offset, ask.limit))


def _read(path: Path, offset: int, limit: int) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotFound(
            f"the job has no file {path.name[:12]}…: {error.strerror or error}",
            "Run the job again to create the file again.",
        ) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotFound(f"{path.name[:12]}… is not a regular file", "Run the job again.")
        return os.pread(fd, limit, offset)
    except OSError as error:
        raise BenchraceError(Category.SYSTEM, f"{path}: {error.strerror or error}") from error
    finally:
        os.close(fd)
