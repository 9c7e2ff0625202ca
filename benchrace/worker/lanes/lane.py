"""A lane of a job while it runs: opened, raced, closed, or given up."""

from dataclasses import dataclass, field
from enum import Enum, auto

from benchrace.errors import Failure
from benchrace.events.payloads import RoundDonePayload
from benchrace.plugin import Backend, Lane, Params, Workload
from benchrace.run.lane import JobLane
from benchrace.worker.lanes.context import LaneContext
from benchrace.worker.lanes.residency import ALONE_OR_NOT, Company


class LaneState(Enum):
    WAITING = auto()
    OPEN = auto()
    OVER = auto()


@dataclass(frozen=True)
class OpenLane:
    """All that a round of an open lane needs; `busy` names engines that stay at work beside it."""

    backend: Backend
    workload: Workload
    lane: Lane[Params]
    context: LaneContext
    company: Company = ALONE_OR_NOT
    busy: str | None = None


@dataclass
class JobLaneState:
    """`counted` are the rounds that count. `failures` are the lane's, in order.

    `left` counts its slots that are still to come, `warmups` the scheduled warm-ups that it has
    had, and `number` is that of its next round outside the schedule. `waited` says that its engine
    was waited for, `stale` that an engine broke off which the lane may share, `unsettled` that the
    last request of the lane failed, so that its engine may still be at work. `simulated` is its
    last round that a mock answered.
    """

    spec: JobLane
    state: LaneState = LaneState.WAITING
    open_lane: OpenLane | None = None
    counted: list[RoundDonePayload] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    in_row: int = 0
    left: int = 0
    warmups: int = 0
    number: int = 0
    waited: bool = False
    stale: bool = False
    unsettled: bool = False
    simulated: RoundDonePayload | None = None
