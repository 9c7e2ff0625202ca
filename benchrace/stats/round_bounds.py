"""When rounds ran, on the clock of their job's events, so that samples can be set against them."""

from typing import NamedTuple

from benchrace.events import JobStart, RoundDone, RoundStart
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata


class Bounds(NamedTuple):
    """A round in ns since the start of its job; its end is null before it is done."""

    job_id: str | None
    start: int
    end: int | None = None


class RoundBounds:
    """The bounds of each lane's rounds; those of another attempt's job are left out."""

    def __init__(self, metadata: RunMetadata) -> None:
        self._lanes = {lane.lane_id: lane for lane in metadata.lanes}
        self._zeros: dict[str | None, int] = {}
        self._bounds: dict[tuple[str, int], Bounds] = {}

    def take(self, event: JobStart | RoundStart | RoundDone) -> None:
        """Add what bounds a round; the first bounds of a round stand."""
        match event:
            case JobStart():
                self._zeros[event.job_id] = event.payload.monotonic_ns
            case RoundStart():
                lane = self._lane(event)
                if lane is not None and event.round is not None:
                    zero = self._zeros.get(event.job_id)
                    start = event.t_ns if zero is None else event.payload.started_ns - zero
                    key = lane.lane_id, event.round
                    self._bounds.setdefault(key, Bounds(event.job_id, start))
            case RoundDone():
                lane = self._lane(event)
                if lane is not None and event.round is not None:
                    key = lane.lane_id, event.round
                    bounds = self._bounds.get(key)
                    if bounds is not None and bounds.end is None:
                        end = bounds.start + event.payload.elapsed_ns
                        self._bounds[key] = bounds._replace(end=end)

    def of(self, lane_id: str, number: int) -> Bounds | None:
        """Return a round's bounds, None where the log does not have its start."""
        return self._bounds.get((lane_id, number))

    def _lane(self, event: RoundStart | RoundDone) -> RunLane | None:
        lane = self._lanes.get(event.lane_id or "")
        return lane if lane is not None and lane.job_id in (None, event.job_id) else None
