"""The live view of a run: its lanes, and who finished first."""

from collections.abc import Iterator

from benchrace.errors import BenchraceError
from benchrace.events import (
    JobCancelled,
    JobDone,
    JobError,
    JobTimeout,
    Known,
    RunLifecycle,
    Unknown,
    decode,
)
from benchrace.events.payloads import RunPhase
from benchrace.run.metadata import RunMetadata
from benchrace.view.lane import LaneState, LaneTrack, LaneView
from benchrace.view.lines import Lines


class RaceView:
    """Takes a run's log in pieces of any size; no clock, so the same log gives the same view."""

    def __init__(self, metadata: RunMetadata) -> None:
        self._lines = Lines()
        self._lanes = {
            lane.lane_id: LaneTrack(lane, metadata.warmup, metadata.rounds)
            for lane in metadata.lanes
        }
        self._finished = 0
        self.started = False
        self.ended = False

    def feed(self, lines: bytes) -> None:
        """Process the next bytes of the log; lines that cannot be read are left out."""
        for line in self._lines.feed(lines):
            try:
                event = decode(line)
            except BenchraceError:
                continue
            if not isinstance(event, Unknown):
                self.apply(event)

    def apply(self, event: Known) -> None:
        """Apply one event."""
        match event:
            case RunLifecycle():
                self.started = True
                if event.payload.phase is RunPhase.RUN_END:
                    self.ended = True
                    for lane in self._lanes.values():
                        lane.abandon()
            case JobDone() | JobError() | JobTimeout() | JobCancelled():
                for lane in self._of_job(event):
                    lane.close(event)
                    self._finish(lane)
            case _:
                own = self._lanes.get(event.lane_id or "")
                if own is not None and own.belongs(event):
                    self.started = True
                    own.apply(event)
                    self._finish(own)

    @property
    def lanes(self) -> tuple[LaneView, ...]:
        """Return all lanes as they are now, in the run's order."""
        return tuple(lane.view() for lane in self._lanes.values())

    def _of_job(self, event: Known) -> Iterator[LaneTrack]:
        return (lane for lane in self._lanes.values() if lane.belongs(event))

    def _finish(self, lane: LaneTrack) -> None:
        if lane.state is LaneState.DONE and lane.place is None:
            self._finished += 1
            lane.place = self._finished
