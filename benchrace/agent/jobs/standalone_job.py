"""A job started on this machine directly, without a central: one lane, no run."""

import secrets

from benchrace.api.jobs import JobRequest
from benchrace.errors import FieldError, InvalidInput
from benchrace.ids import lane_id, new_job_id
from benchrace.plugin.description import WorkloadDescription
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.spec import Order


def lane(request: JobRequest, capabilities: Capabilities) -> JobLane:
    """Create the only lane; raises InvalidInput where no backend, or more than one, fits."""
    offering = [
        status.description.name
        for status in capabilities.backends
        if any(work.kind == request.kind for work in status.description.workloads)
    ]
    if not offering:
        kinds = {work.kind for one in capabilities.backends for work in one.description.workloads}
        listed = ", ".join(sorted(kinds)) or "nothing: no plugin is installed"
        message = f"no backend here offers {request.kind[:64]!r}; offered: {listed}"
        if unusable := [plugin.unusable for plugin in capabilities.plugins if plugin.unusable]:
            message += f"; plugins that cannot be used: {', '.join(unusable)}"
        raise InvalidInput(FieldError("kind", message), "Choose one of these, or install a plugin.")
    if request.backend is not None and request.backend not in offering:
        message = f"{request.backend[:64]!r} does not offer {request.kind}; {_any(offering)} do"
        raise InvalidInput(FieldError("backend", message))
    if request.backend is None and len(offering) > 1:
        raise InvalidInput(FieldError("backend", f"choose one: {_any(offering)}"))
    backend = request.backend or offering[0]
    return JobLane(
        lane_id=lane_id(0),
        label=request.label or f"{backend} {request.kind}",
        backend=backend,
        params=request.params,
    )


def workload(capabilities: Capabilities, backend: str, kind: str) -> WorkloadDescription | None:
    """Return what a backend offers of a kind."""
    for status in capabilities.backends:
        if status.description.name == backend:
            return next((work for work in status.description.workloads if work.kind == kind), None)
    return None


def spec(request: JobRequest, only: JobLane, machine_id: str, sampling_s: float) -> JobSpec:
    """Create the job: warm-ups, then the counted rounds, none of them armed."""
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
