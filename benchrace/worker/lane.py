"""A lane of a job while it runs: opened, raced, closed, or given up."""

from dataclasses import dataclass, field
from enum import Enum, auto

from benchrace.errors import Failure
from benchrace.events.payloads import RoundDonePayload
from benchrace.plugin import Backend, Lane, Params, Workload
from benchrace.run.job import JobLane
from benchrace.worker.context import LaneContext
from benchrace.worker.residency import ALONE_OR_NOT, Company


class LaneState(Enum):
    WAITING = auto()
    OPEN = auto()
    OVER = auto()


@dataclass(frozen=True)
class Racer:
    """All that a round of an open lane needs."""

    backend: Backend
    workload: Workload
    lane: Lane[Params]
    context: LaneContext
    company: Company = ALONE_OR_NOT


@dataclass
class JobLaneState:
    """`counted` are the rounds that count. `failures` are the lane's, in order."""

    spec: JobLane
    state: LaneState = LaneState.WAITING
    racer: Racer | None = None
    counted: list[RoundDonePayload] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    in_row: int = 0
