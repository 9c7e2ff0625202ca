"""What one machine does for one run: its lanes and its schedule, sent whole before the start."""

from collections.abc import Sequence

import msgspec

from benchrace.ids import JobId, MachineId, RunId
from benchrace.run.clients import on_machines
from benchrace.run.lane import JobLane, RunLane, by_machine
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.order import Slot, schedule
from benchrace.run.spec import Order, ResidentModels, Sync


class UnsettledLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane of an earlier job that left its engine at work, as far as is known."""

    job_id: JobId
    kind: str
    lane: JobLane


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`schedule` is in the order of doing. Rounds of a lane count from 0, warm-ups included.

    In contiguous order a lane is opened when its first slot comes and closed after its last one;
    otherwise all lanes are opened, and warmed up, before the first counted round. A direct job
    (asked of an agent without a central) has no `run_id`.

    It differs from `RunMetadata`, from which `jobs` makes it, in what a worker needs: a schedule,
    and nothing of other machines.
    """

    run_id: RunId | None
    job_id: JobId
    machine_id: MachineId
    kind: str
    lanes: tuple[JobLane, ...]
    schedule: tuple[Slot, ...]
    order: Order
    salt: str
    sampling_s: float = 0.5
    timeout_s: float = 3600.0
    resident: ResidentModels = ResidentModels.ONE

    def lane(self, lane_id: str) -> JobLane:
        """Find a lane; raises `KeyError` for a name that the job does not have."""
        for lane in self.lanes:
            if lane.lane_id == lane_id:
                return lane
        raise KeyError(lane_id)


def jobs(run: RunMetadata) -> tuple[JobSpec, ...]:
    """Create one job per machine, in the order of lanes; raises `ValueError` before `with_jobs`."""
    by_machines = by_machine(on_machines(run.lanes))
    return tuple(_job(run, machine, lanes) for machine, lanes in by_machines.items())


def _job(run: RunMetadata, machine_id: str, lanes: Sequence[RunLane]) -> JobSpec:
    job_id = lanes[0].job_id
    if job_id is None:
        raise ValueError(f"the job of machine {machine_id} has no name yet")
    return JobSpec(
        run_id=run.run_id,
        job_id=job_id,
        machine_id=machine_id,
        kind=run.kind,
        lanes=tuple(lanes),
        schedule=schedule(
            [lane.lane_id for lane in lanes],
            rounds=run.rounds,
            warmup=run.warmup,
            order=run.order,
            # Machines that generate the load of a lane together begin each of its rounds together.
            sync=Sync.EVERY_HEAT if any(lane.part for lane in lanes) else run.sync,
            seed=run.salt,
        ),
        order=run.order,
        salt=run.salt,
        sampling_s=run.spec.sampling_s,
        timeout_s=run.spec.timeout_s,
        resident=run.spec.resident,
    )
