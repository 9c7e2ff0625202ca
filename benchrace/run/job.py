"""What one machine does for one run: its lanes and its schedule, sent whole before the start."""

from typing import Any

import msgspec

from benchrace.run.spec import Order, Resident


class JobLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane of a job; `params` overlay the kind's defaults and were checked at preflight."""

    lane_id: str
    label: str
    backend: str
    params: dict[str, Any]


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One round to do. `heat` is null for a warm-up; `armed` waits for central's instant."""

    lane_id: str
    round: int
    warmup: bool = False
    heat: int | None = None
    armed: bool = False


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`schedule` is in the order of doing. Rounds of a lane count from 0, warm-ups included.

    In contiguous order a lane is opened when its first slot comes and closed after its last one;
    otherwise all lanes are opened, and warmed up, before the first counted round. A direct job
    (asked of an agent without a central) has no `run_id`.
    """

    run_id: str | None
    job_id: str
    machine_id: str
    kind: str
    lanes: tuple[JobLane, ...]
    schedule: tuple[Slot, ...]
    order: Order
    salt: str
    sampling_s: float = 0.5
    timeout_s: float = 3600.0
    resident: Resident = Resident.ONE

    def lane(self, lane_id: str) -> JobLane:
        """Find a lane; raises `KeyError` for a name that the job does not have."""
        for lane in self.lanes:
            if lane.lane_id == lane_id:
                return lane
        raise KeyError(lane_id)
