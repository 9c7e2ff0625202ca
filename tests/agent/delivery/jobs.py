"""Jobs of an agent without processes: folders with what a worker and an agent would write."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchrace.agent.jobs import standalone_job
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord, JobSender
from benchrace.api.jobs import JobRequest
from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.output import Output
from benchrace.errors import Category
from benchrace.events import encode
from benchrace.events.envelope import Artifact, JobCancelled, JobDone, JobError, Known, Stream
from benchrace.events.payloads import (
    ArtifactPayload,
    JobCancelledPayload,
    JobDonePayload,
    JobErrorPayload,
)
from benchrace.notifier import Notifier
from benchrace.run.lane import JobLane
from benchrace.store.artifacts import FOLDER
from tests.central.offer import capabilities

ALL = Callbacks(
    status="http://127.0.0.1/status",
    completion="http://127.0.0.1/done",
    failure="http://127.0.0.1/failed",
    cancel="http://127.0.0.1/cancelled",
)
NOBODY = Callbacks()
DONE = (JobDone, JobDonePayload(metrics={"value": 1.0}))
FAILED = (
    JobError,
    JobErrorPayload(category=Category.OUT_OF_MEMORY, message="too big", remedy="Choose less."),
)
CANCELLED = (JobCancelled, JobCancelledPayload(reason="enough"))
OUT = Output(bucket="out", prefix="flows")
TELL = Callbacks(completion="http://127.0.0.1/done")
WALL_S = 1_767_225_600.0


def new_job(
    jobs: Path, *, callbacks: Callbacks = NOBODY, params: dict[str, Any] | None = None
) -> Job:
    """Create an accepted job and its folder."""
    request = JobRequest(kind="work", params=params or {})
    lane = JobLane(lane_id="lane-0", label="one", backend="fake", params=params or {})
    spec = standalone_job.spec(request, lane, "m1", 0.0)
    record = JobRecord(
        spec=spec,
        t0_ns=0,
        boot_id=None,
        accepted_at=WALL_S,
        version="1",
        sender=JobSender(callbacks=callbacks, reference="theirs"),
    )
    metadata = standalone_job.metadata(request, spec, capabilities("m1"), WALL_S)
    return Job(JobFolder.create(jobs, record, metadata), record, Notifier())


def write(job: Job, kind: Callable[..., Known], payload: Any, t_ns: int = 1) -> bytes:
    """Write an event as the job's worker, and return its line."""
    line = encode(
        kind(
            run_id=None,
            job_id=job.job_id,
            machine_id="m1",
            lane_id=None,
            round=None,
            stream=Stream.WORK,
            seq=0,
            t_ns=t_ns,
            timestamp_s=WALL_S + 5,
            payload=payload,
        )
    )
    with job.folder.work.open("ab") as file:
        file.write(line)
    return line


def end(job: Job, ending: Any = DONE) -> bytes:
    """Write a job's last event, and return its line; the job itself has not seen it."""
    kind, payload = ending
    return write(job, kind, payload, t_ns=2_000_000_000)


def finished(
    jobs: Path, *files: tuple[str, bytes], callbacks: Callbacks = TELL, ending: Any = DONE
) -> Job:
    """Create a job that is over, with these files."""
    job = new_job(jobs, callbacks=callbacks)
    job.record = msgspec.structs.replace(
        job.record, sender=msgspec.structs.replace(job.record.sender, output=OUT)
    )
    (job.folder.path / FOLDER).mkdir(exist_ok=True)
    for name, data in files:
        sha256 = hashlib.sha256(data).hexdigest()
        (job.folder.path / FOLDER / sha256).write_bytes(data)
        digest = f"sha256:{sha256}"
        payload = ArtifactPayload(name=name, media_type="image/png", size=len(data), digest=digest)
        write(job, Artifact, payload)
    job.ended(end(job, ending))
    return job
