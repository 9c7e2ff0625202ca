"""A job started on this machine directly, without a central: one lane, no run."""

import secrets

import msgspec

from benchrace import __version__
from benchrace.api.jobs import JobRequest
from benchrace.errors import FieldError, InvalidInput
from benchrace.ids import lane_id, new_job_id, new_run_id
from benchrace.plugin.description import WorkloadDescription
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane, RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.order import Slot
from benchrace.run.spec import LaneSpec, Order, RunSpec, Sync
from benchrace.run.states import RunState


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


def metadata(
    request: JobRequest, job: JobSpec, capabilities: Capabilities, created_at: float
) -> RunMetadata:
    """Return the metadata of the run that the job is, as if a central had planned it."""
    (only,) = job.lanes
    machine_id = job.machine_id
    offered = workload(capabilities, only.backend, job.kind)
    return RunMetadata(
        run_id=new_run_id(created_at),
        version=__version__,
        created_at=created_at,
        spec=RunSpec(
            kind=job.kind,
            params=request.params,
            lanes=(LaneSpec(machine_id=machine_id, backend=only.backend, label=only.label),),
            rounds=request.repeat,
            warmup=request.warmup,
            sampling_s=job.sampling_s,
            timeout_s=job.timeout_s,
        ),
        state=RunState.RUNNING,
        kind=job.kind,
        order=job.order,
        sync=Sync.FIRST_HEAT,
        salt=job.salt,
        rounds=request.repeat,
        warmup=request.warmup,
        lanes=(
            RunLane(
                lane_id=only.lane_id,
                label=only.label,
                backend=only.backend,
                params=only.params,
                machine_id=machine_id,
                job_id=job.job_id,
                spec_index=0,
            ),
        ),
        workloads={} if offered is None else {only.backend: offered},
        machines={machine_id: msgspec.to_builtins(capabilities)},
        simulated=capabilities.simulated,
    )


def _any(names: list[str]) -> str:
    return ", ".join(sorted(names))
