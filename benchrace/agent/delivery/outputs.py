"""A job's files on their way to the bucket that its sender named."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from benchrace.agent.delivery.facts import facts
from benchrace.agent.jobs.job import Job
from benchrace.config.assets.file_name import with_suffix
from benchrace.delivery.outbox import Delivery, DeliveryState, NewDelivery
from benchrace.delivery.output import SCHEME, Output, UploadedFile, decode, encode
from benchrace.ids import is_sha256
from benchrace.run.states import JobPhase
from benchrace.store.artifacts import FOLDER

EVENT = "job.output"


class Upload(NamedTuple):
    """Where a file of a job is now, or why it is not there."""

    file: UploadedFile
    url: str | None
    reason: str | None


# By name and SHA-256.
Uploads = Mapping[tuple[str, str], Upload]


def output_of(job: Job, phase: JobPhase) -> Output | None:
    """Return where the files of a job go; None where they stay here."""
    return job.record.sender.output if phase is JobPhase.DONE else None


def uploads(job: Job, output: Output) -> Iterator[NewDelivery]:
    """Yield what stores the files of a job that is over, each file once. Blocks."""
    names: dict[str, str] = {}
    for file in _files(job):
        name = file.name
        if names.setdefault(name, file.sha256) != file.sha256:
            # Rounds may use a name again; the digest tells their files apart.
            name = with_suffix(file.name, file.sha256[:16])
        yield NewDelivery(
            key=f"{job.job_id}-output-{file.sha256[:16]}-{name}",
            subject=job.job_id,
            event=EVENT,
            url=output.url(job.job_id, name),
            destination=f"{SCHEME}{output.bucket}",
            body=encode(file),
        )


def are_queued(deliveries: Iterable[Delivery]) -> bool:
    """Check whether a job's uploads were queued: all are at once."""
    return any(delivery.event == EVENT for delivery in deliveries)


def is_waiting(deliveries: Iterable[Delivery]) -> bool:
    """Check whether an upload is still to be made."""
    return any(
        delivery.event == EVENT and delivery.state is DeliveryState.PENDING
        for delivery in deliveries
    )


def results(deliveries: Iterable[Delivery]) -> Uploads:
    """Return how the uploads of a job went."""
    by_file = {}
    for delivery in deliveries:
        if delivery.event != EVENT:
            continue
        file = decode(delivery.body)
        arrived = delivery.state is DeliveryState.DELIVERED
        reason = delivery.reason or f"the upload is {delivery.state}"
        by_file[file.name, file.sha256] = Upload(
            file, delivery.url if arrived else None, None if arrived else reason
        )
    return by_file


def _files(job: Job) -> Iterator[UploadedFile]:
    """Yield the files of a job in the order in which they were made, each once. Blocks."""
    seen = set()
    for artifact in facts(job.folder).artifacts:
        sha256 = artifact.digest.removeprefix("sha256:")
        if (artifact.name, sha256) in seen or not is_sha256(sha256):
            continue
        seen.add((artifact.name, sha256))
        yield UploadedFile(
            path=str(job.folder.path / FOLDER / sha256),
            name=artifact.name,
            sha256=sha256,
            size=artifact.size,
            media_type=artifact.media_type,
        )
