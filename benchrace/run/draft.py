"""A draft: a run whose lanes are all filled in, and that has no name, no time and no job yet."""

from typing import Any

import msgspec

from benchrace.plugin.description import WorkloadDescription
from benchrace.run.coerce import AUTO
from benchrace.run.metadata import LeftOut, RunLane
from benchrace.run.spec import Order, RunSpec


class DraftLane(msgspec.Struct, frozen=True, kw_only=True):
    """`index` is the lane's place in the specification, null where no lane was named there."""

    lane: RunLane
    index: int | None
    own: frozenset[str] = frozenset()

    def path(self, name: str) -> str:
        """Say where in the specification the parameter `name` comes from, for an error."""
        if self.index is None or (name and name not in self.own):
            return f"params.{name}" if name else "params"
        return f"lanes[{self.index}].params.{name}" if name else f"lanes[{self.index}]"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """`drafted` are the lanes in order; `workloads` is by backend, of the run's kind."""

    spec: RunSpec
    order: Order
    rounds: int
    drafted: tuple[DraftLane, ...]
    workloads: dict[str, WorkloadDescription]
    left_out: tuple[LeftOut, ...] = ()
    automatic: dict[str, Any] | None = None

    @property
    def lanes(self) -> tuple[RunLane, ...]:
        return tuple(each.lane for each in self.drafted)

    @property
    def to_calibrate(self) -> tuple[RunLane, ...]:
        """The lanes whose automatic parameter still says "auto"."""
        return tuple(
            lane
            for lane in self.lanes
            if (name := self.workloads[lane.backend].automatic) and lane.params.get(name) == AUTO
        )

    def path(self, lane_id: str, name: str = "") -> str:
        """Say where in the specification a lane's parameter comes from: `lanes[1].params.n`."""
        return next(
            (each.path(name) for each in self.drafted if each.lane.lane_id == lane_id), lane_id
        )
