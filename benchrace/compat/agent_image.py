"""The image that a job has produced."""

import os
from typing import NamedTuple

from benchrace.agent.jobs.job import Job
from benchrace.errors import NotFound
from benchrace.events import Artifact, codec
from benchrace.events.payloads import ArtifactPayload
from benchrace.ids import is_sha256
from benchrace.store import regular

# Others could be pages with scripts in them.
_SHOWN = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_DIGEST = "sha256:"


class Image(NamedTuple):
    media_type: str
    data: bytes


def image_of(job: Job) -> Image:
    """Read the job's last image; raises NotFound that says what is missing. Blocks."""
    artifact = _last(job)
    if artifact is None:
        why = "has ended without one" if job.phase.final else f"has none yet: it is {job.phase}"
        raise NotFound(f"job {job.job_id} {why}", "GET /jobs/{id} shows its state.")
    digest = artifact.digest.removeprefix(_DIGEST)
    try:
        if not is_sha256(digest):
            raise FileNotFoundError
        data = regular.read(job.folder.path / "artifacts" / digest)
    except OSError as error:
        raise NotFound(
            f"the image of job {job.job_id} no longer exists", "Run the job again."
        ) from error
    return Image(artifact.media_type, data)


def _last(job: Job) -> ArtifactPayload | None:
    artifact: ArtifactPayload | None = None
    try:
        with os.fdopen(regular.open_regular(job.folder.work), "rb") as file:
            for line in file:
                if not line.endswith(b"\n") or codec.head(line).type != "artifact":
                    continue
                event = codec.decode(line)
                if isinstance(event, Artifact) and event.payload.media_type in _SHOWN:
                    artifact = event.payload
    except FileNotFoundError:
        return None
    return artifact
