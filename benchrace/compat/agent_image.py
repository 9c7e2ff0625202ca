"""The image that a job has made."""

from typing import NamedTuple

from benchrace.agent.job import Job
from benchrace.errors import NotFound
from benchrace.events import Artifact, codec
from benchrace.events.payloads import ArtifactPayload
from benchrace.ids import is_name

# Others could be pages with scripts in them.
_SHOWN = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_DIGEST = "sha256:"


class Image(NamedTuple):
    media_type: str
    data: bytes


def image_of(job: Job) -> Image:
    """Read the job's last image; raises NotFound that says what is missing. Blocks."""
    found = _last(job)
    if found is None:
        why = "has ended without one" if job.phase.final else f"has none yet: it is {job.phase}"
        raise NotFound(f"job {job.job_id} {why}", "Look at GET /jobs/{id} for how it stands.")
    digest = found.digest.removeprefix(_DIGEST)
    try:
        if not is_name(digest):
            raise FileNotFoundError
        data = (job.folder.path / "artifacts" / digest).read_bytes()
    except OSError as error:
        raise NotFound(
            f"the image of job {job.job_id} is not here any more", "Run the job again."
        ) from error
    return Image(found.media_type, data)


def _last(job: Job) -> ArtifactPayload | None:
    found: ArtifactPayload | None = None
    try:
        with job.folder.work.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n") or codec.head(line).type != "artifact":
                    continue
                event = codec.decode(line)
                if isinstance(event, Artifact) and event.payload.media_type in _SHOWN:
                    found = event.payload
    except FileNotFoundError:
        return None
    return found
