"""Requests and answers about jobs that an agent runs without a central, and their callbacks."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.output import Output
from benchrace.run.spec import ParamValues
from benchrace.run.states import JobPhase


class JobRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /jobs`; `backend` may be left out where only one offers the kind."""

    kind: str
    params: ParamValues = {}
    backend: str | None = None
    label: Annotated[str, Meta(max_length=200)] | None = None
    repeat: Annotated[int, Meta(ge=1, le=10_000)] = 1
    warmup: Annotated[int, Meta(ge=0, le=1000)] = 0
    sampling_s: Annotated[float, Meta(ge=0, le=60)] | None = None
    timeout_s: Annotated[float, Meta(gt=0, le=7 * 86400)] = 3600.0
    callbacks: Callbacks = Callbacks()
    output: Output | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    job_id: str


class JobFailure(msgspec.Struct, frozen=True, kw_only=True):
    category: str
    message: str
    remedy: str
    detail: str | None = None


class JobSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `GET /jobs/{id}`; `metrics` are `job_done`'s own."""

    job_id: str
    run_id: str | None
    kind: str
    state: JobPhase
    heat: int | None
    accepted_at: float
    ended_at: float | None
    metrics: dict[str, float | int | str | None] | None
    reason: str | None
    error: JobFailure | None


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    jobs: tuple[JobSummary, ...]


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of the work stream to give, from 0."""

    since: int = 0


class JobEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events as they stand in the journal."""

    events: tuple[dict[str, Any], ...]


class CallbackEvent(StrEnum):
    """What a request tells; sent as `Benchrace-Event`, too."""

    STATUS = "job.status"
    COMPLETED = "job.completed"
    FAILED = "job.failed"
    CANCELLED = "job.cancelled"


class ReportedArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the job; `path` is below the archive's folder, null where it was not kept.

    `url` is where it was uploaded to, if the job has an `output`; null if that failed, for which
    `url_reason` says why.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    path: str | None
    url: str | None = None
    url_reason: str | None = None


class ArchiveSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A job's archive: `path` is its address on the agent; sizes in bytes."""

    path: str
    files: int
    size: int
    manifest_sha256: str


class JobCallback(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a callback. `reference` is the sender's own id of the job.

    `number` counts the job's callbacks of the event `job.status` from 1; it is null in others.
    `timestamp_s` is when the job was in this state, in wall seconds. `elapsed_s` is from its start
    to its end by the machine's clock, null where the machine was restarted in between.
    """

    event: CallbackEvent
    number: int | None
    job_id: str
    reference: str | None
    machine_id: str
    kind: str
    state: JobPhase
    timestamp_s: float
    accepted_at: float
    ended_at: float | None = None
    elapsed_s: float | None = None
    metrics: dict[str, float | int | str | None] | None = None
    reason: str | None = None
    error: JobFailure | None = None
    artifacts: tuple[ReportedArtifact, ...] = ()
    archive: ArchiveSummary | None = None


class CallbackStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A callback: `pending`, `delivered`, `refused` or `given_up`; `reason` of the last failure.

    Uploads of a job's files are listed as well, with the event `job.output`.
    `sequence` counts those to its destination (scheme, host and port). Times are wall seconds.
    """

    id: int
    job_id: str
    event: str
    url: str
    sequence: int
    idempotency_key: str
    state: str
    attempts: int
    queued_at: float
    tried_at: float | None
    next_at: float | None
    status: int | None
    reason: str | None


class JobDocument(JobSummary, frozen=True, kw_only=True):
    """The answer of `GET /jobs/{id}`; `reference` is the sender's own id of the job.

    `archive` is null until it is built: at the end of a job with callbacks, else when fetched.
    """

    reference: str | None
    callbacks: tuple[CallbackStatus, ...]
    archive: ArchiveSummary | None


class CallbackList(msgspec.Struct, frozen=True, kw_only=True):
    callbacks: tuple[CallbackStatus, ...]


class RetryRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The callbacks to try again now: by their ids, of a job, or all that have not arrived."""

    ids: Annotated[tuple[int, ...], Meta(max_length=500)] = ()
    job_id: str | None = None


class RetryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many callbacks are tried again."""

    retried: int
