"""A job asked of this machine itself, without a central: one lane, no run."""

import secrets
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.errors import FieldError, InvalidInput
from benchrace.ids import lane_id, new_job_id
from benchrace.link.capabilities import Capabilities
from benchrace.plugin.description import WorkloadDescription
from benchrace.run.job import JobLane, JobSpec, Slot
from benchrace.run.spec import Order


class JobRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /jobs`; `backend` may be left out where only one offers the kind."""

    kind: str
    params: dict[str, Any] = {}
    backend: str | None = None
    label: Annotated[str, Meta(max_length=200)] | None = None
    repeat: Annotated[int, Meta(ge=1, le=10_000)] = 1
    warmup: Annotated[int, Meta(ge=0, le=1000)] = 0
    sampling_s: Annotated[float, Meta(ge=0, le=60)] | None = None
    timeout_s: Annotated[float, Meta(gt=0, le=7 * 86400)] = 3600.0


def lane(request: JobRequest, known: Capabilities) -> JobLane:
    """Make the only lane; raises InvalidInput where no backend, or more than one, fits."""
    offering = [
        status.description.name
        for status in known.backends
        if any(each.kind == request.kind for each in status.description.workloads)
    ]
    if not offering:
        kinds = {each.kind for one in known.backends for each in one.description.workloads}
        listed = ", ".join(sorted(kinds)) or "nothing: no plugin is installed"
        message = f"no backend here offers {request.kind[:64]!r}; offered: {listed}"
        raise InvalidInput(FieldError("kind", message), "Choose one of these, or install a plugin.")
    if request.backend is not None and request.backend not in offering:
        message = f"{request.backend[:64]!r} does not offer {request.kind}; {_any(offering)} do"
        raise InvalidInput(FieldError("backend", message))
    if request.backend is None and len(offering) > 1:
        raise InvalidInput(FieldError("backend", f"say which one: {_any(offering)}"))
    backend = request.backend or offering[0]
    return JobLane(
        lane_id=lane_id(0),
        label=request.label or f"{backend} {request.kind}",
        backend=backend,
        params=request.params,
    )


def workload(known: Capabilities, backend: str, kind: str) -> WorkloadDescription | None:
    """Find what a backend offers of a kind."""
    for status in known.backends:
        if status.description.name == backend:
            return next((each for each in status.description.workloads if each.kind == kind), None)
    return None


def spec(request: JobRequest, only: JobLane, machine_id: str, sampling_s: float) -> JobSpec:
    """Make the job: warm-ups, then the counted rounds, none of them armed."""
    count = request.warmup + request.repeat
    return JobSpec(
        run_id=None,
        job_id=new_job_id(),
        machine_id=machine_id,
        kind=request.kind,
        lanes=(only,),
        schedule=tuple(
            Slot(
                lane_id=only.lane_id,
                round=number,
                warmup=number < request.warmup,
                heat=None if number < request.warmup else number - request.warmup,
            )
            for number in range(count)
        ),
        order=Order.CONTIGUOUS,
        salt=secrets.token_hex(8),
        sampling_s=sampling_s if request.sampling_s is None else request.sampling_s,
        timeout_s=request.timeout_s,
    )


def _any(names: list[str]) -> str:
    return ", ".join(sorted(names))
