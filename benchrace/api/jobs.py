"""Requests and answers about jobs that an agent runs without a central."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

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
