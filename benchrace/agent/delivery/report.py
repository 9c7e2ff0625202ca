"""What a callback says about a job, and where it goes. Pure but for the job's own files."""

import hashlib

import msgspec

from benchrace.agent.delivery import archive
from benchrace.agent.delivery.facts import facts
from benchrace.agent.delivery.outputs import Upload, Uploads
from benchrace.agent.jobs.job import Job
from benchrace.api.jobs import (
    ArchiveSummary,
    CallbackEvent,
    CallbackStatus,
    JobCallback,
    ReportedArtifact,
)
from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.outbox import Delivery, DeliveryState
from benchrace.redaction import redact
from benchrace.run.states import JobPhase
from benchrace.store import regular
from benchrace.store.artifacts import FOLDER

_EVENTS = {
    JobPhase.DONE: CallbackEvent.COMPLETED,
    JobPhase.FAILED: CallbackEvent.FAILED,
    JobPhase.TIMED_OUT: CallbackEvent.FAILED,
    JobPhase.CANCELLED: CallbackEvent.CANCELLED,
}


def addressed(callbacks: Callbacks, phase: JobPhase) -> tuple[tuple[CallbackEvent, str], ...]:
    """Return what to tell of a phase, and to which URLs, in this order. Pure."""
    messages = [(CallbackEvent.STATUS, callbacks.status)]
    match _EVENTS.get(phase):
        case CallbackEvent.COMPLETED as event:
            messages.append((event, callbacks.completion))
        case CallbackEvent.FAILED as event:
            messages.append((event, callbacks.failure))
        case CallbackEvent.CANCELLED as event:
            messages.append((event, callbacks.cancel or callbacks.failure))
        case _:
            pass
    return tuple((event, url) for event, url in messages if url is not None)


def report(job: Job, phase: JobPhase, number: int, timestamp_s: float) -> JobCallback:
    """Return what there is to tell of a job in a phase, as its status, but for its files. Pure."""
    summary = job.summary()
    over = phase.final
    return JobCallback(
        event=CallbackEvent.STATUS,
        number=number,
        job_id=job.job_id,
        reference=job.record.sender.reference,
        machine_id=job.spec.machine_id,
        kind=job.spec.kind,
        state=phase,
        # The same after a restart: a callback that is queued again says the same.
        timestamp_s=summary.ended_at if over and summary.ended_at else timestamp_s,
        accepted_at=summary.accepted_at,
        ended_at=summary.ended_at if over else None,
        elapsed_s=job.end.t_ns / 1e9 if over and job.end is not None and job.end.t_ns else None,
        metrics=summary.metrics if over else None,
        reason=summary.reason if over else None,
        error=summary.error if over else None,
    )


def with_files(status: JobCallback, job: Job, uploads: Uploads) -> JobCallback:
    """Return a report of a job that is over with its artifacts and its archive. Blocks."""
    artifacts = _artifacts(job, uploads)
    return msgspec.structs.replace(status, artifacts=artifacts, archive=archive_of(job))


def archive_of(job: Job) -> ArchiveSummary | None:
    """Return where a job's archive is, None where there is none. Blocks."""
    manifest = archive.read_manifest(job.folder)
    if manifest is None:
        return None
    data = regular.read(job.folder.archive / archive.MANIFEST)
    return ArchiveSummary(
        path=f"/jobs/{job.job_id}/archive",
        files=len(manifest.files) + 1,
        size=sum(file.size for file in manifest.files) + len(data),
        manifest_sha256=hashlib.sha256(data).hexdigest(),
    )


def status_of(delivery: Delivery) -> CallbackStatus:
    """Return how a callback stands, as it is shown. Pure."""
    pending = delivery.state is DeliveryState.PENDING
    return CallbackStatus(
        id=delivery.id,
        job_id=delivery.subject,
        event=delivery.event,
        url=redact(delivery.url),
        sequence=delivery.sequence,
        idempotency_key=delivery.key,
        state=delivery.state.value,
        attempts=delivery.attempts,
        queued_at=delivery.queued_at,
        tried_at=delivery.tried_at,
        next_at=delivery.next_at if pending else None,
        status=delivery.status,
        reason=None if delivery.reason is None else redact(delivery.reason),
    )


def _artifacts(job: Job, uploads: Uploads) -> tuple[ReportedArtifact, ...]:
    archived = job.folder.archive / FOLDER
    reported = []
    if not job.folder.path.exists():
        return tuple(_removed(upload) for upload in uploads.values())
    for artifact in facts(job.folder).artifacts:
        sha256 = artifact.digest.removeprefix("sha256:")
        there = (archived / sha256).is_file()
        upload = uploads.get((artifact.name, sha256))
        reason = None if upload is None else upload.reason
        reported.append(
            ReportedArtifact(
                name=artifact.name,
                media_type=artifact.media_type,
                size=artifact.size,
                sha256=sha256,
                path=f"{FOLDER}/{sha256}" if there else None,
                url=None if upload is None else upload.url,
                url_reason=None if reason is None else redact(reason),
            )
        )
    return tuple(reported)


def _removed(upload: Upload) -> ReportedArtifact:
    """Return a file of a job that was removed to have room, as its upload describes it."""
    return ReportedArtifact(
        name=upload.file.name,
        media_type=upload.file.media_type,
        size=upload.file.size,
        sha256=upload.file.sha256,
        path=None,
        url=upload.url,
        url_reason=None if upload.reason is None else redact(upload.reason),
    )


def of_event(status: JobCallback, event: CallbackEvent) -> JobCallback:
    """Return a report as one of another event. Pure."""
    if event is status.event:
        return status
    return msgspec.structs.replace(status, event=event, number=None)
