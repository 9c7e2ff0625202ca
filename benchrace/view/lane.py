"""The live view of one lane: its phase, its progress, and its latest output."""

from collections import deque
from enum import StrEnum

import msgspec

from benchrace.errors import BenchraceError, Failure
from benchrace.events import (
    ComputeLine,
    JobCancelled,
    JobDone,
    JobError,
    JobTimeout,
    Known,
    LaneError,
    Level,
    LlmToken,
    Progress,
    RoundDone,
    RoundStart,
)
from benchrace.run.lane import RunLane

LAST_LINES = 5
MAX_LINE_CHARS = 500
# The unit of the progress of waiting for an engine, between rounds.
WAITING_UNIT = "s of waiting"
# That of fetching files for the engine, before rounds.
FETCHING_UNIT = "B fetched"


class LaneState(StrEnum):
    WAITING = "waiting"
    WARMING = "warming"
    RUNNING = "running"
    RESTING = "resting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (LaneState.DONE, LaneState.FAILED, LaneState.CANCELLED)


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    """One lane now. `resting` is between two rounds.

    `fraction` (0 to 1, null where unknown) and `elapsed_ns` are of the round that runs, as of its
    last event, whose wall time is `seen_s`. `remaining_ns` estimates this lane's own work that is
    left, by its finished rounds. Of `planned` rounds `ended` are over, and `counted` of these are
    not INVALID. `place` is the order of finishing, from 1.
    """

    lane_id: str
    label: str
    machine_id: str
    state: LaneState
    round: int | None
    ended: int
    counted: int
    planned: int
    fraction: float | None
    done: float | None
    total: float | None
    unit: str
    elapsed_ns: int
    seen_s: float | None
    remaining_ns: int | None
    last_ns: int | None
    best_ns: int | None
    lines: tuple[str, ...]
    error: Failure | None
    place: int | None


class LaneTrack:
    """Follows the events of one lane of its own job."""

    def __init__(self, lane: RunLane, warmup: int, rounds: int) -> None:
        self._lane = lane
        self._warmup = warmup
        self._rounds = rounds
        self.state = LaneState.WAITING
        self.place: int | None = None
        self._round: int | None = None
        self._started_ns: int | None = None
        self._elapsed_ns = 0
        self._seen_s: float | None = None
        self._progress: tuple[float, float | None, str] | None = None
        self._spent: list[int] = []
        self._ended: set[int] = set()
        self._counted = 0
        self._text: deque[str] = deque(maxlen=LAST_LINES)
        self._error: Failure | None = None
        self._cancelled = False

    def belongs(self, event: Known) -> bool:
        """Check whether an event is of this lane's job; a lane whose job has no name takes any."""
        if self._lane.job_id is None:
            return event.machine_id in (None, self._lane.machine_id)
        return event.job_id == self._lane.job_id

    def apply(self, event: Known) -> None:
        """Apply an event of this lane; one that comes after its end changes nothing.

        A lane that only the end of its run has cancelled goes on where its lines come late.
        """
        if self._over:
            return
        self._seen_s = event.timestamp_s
        if self._started_ns is not None:
            self._elapsed_ns = max(self._elapsed_ns, event.t_ns - self._started_ns)
        match event:
            case RoundStart():
                self._start(event)
            case Progress():
                payload = event.payload
                self._progress = payload.done, payload.total, payload.unit
            case ComputeLine():
                self._text.append(event.payload.line[:MAX_LINE_CHARS])
            case LlmToken():
                self._say(event.payload.text)
            case RoundDone():
                self._end(event)
            case LaneError():
                self.state, self._error = LaneState.FAILED, event.payload.error
            case _:
                return

    def close(self, event: JobDone | JobError | JobTimeout | JobCancelled) -> None:
        """End the lane with its job; a lane that is over stays as it is."""
        if self._over:
            return
        self._started_ns = None
        match event:
            case JobDone():
                self.state = self._outcome
            case JobCancelled():
                self.state, self._cancelled = LaneState.CANCELLED, True
            case JobError() | JobTimeout():
                payload = event.payload
                self.state = LaneState.FAILED
                self._error = BenchraceError(
                    payload.category, payload.message, payload.remedy
                ).failure()

    def abandon(self) -> None:
        """End the lane with its run; nothing more is known of what its machine does."""
        if not self.state.final:
            self._started_ns = None
            self.state = LaneState.CANCELLED

    def view(self) -> LaneView:
        """Return the lane's state as a value."""
        done, total, unit = self._progress or (None, None, "")
        return LaneView(
            lane_id=self._lane.lane_id,
            label=self._lane.label,
            machine_id=self._lane.machine_id,
            state=self.state,
            round=self._round,
            ended=len(self._ended),
            counted=self._counted,
            planned=self._rounds,
            fraction=self._fraction(),
            done=done,
            total=total,
            unit=unit,
            elapsed_ns=self._elapsed_ns,
            seen_s=self._seen_s,
            remaining_ns=self._remaining_ns(),
            last_ns=self._spent[-1] if self._spent else None,
            best_ns=min(self._spent, default=None),
            lines=tuple(self._text),
            error=self._error,
            place=self.place,
        )

    @property
    def _over(self) -> bool:
        return self.state.final and (self.state is not LaneState.CANCELLED or self._cancelled)

    @property
    def _outcome(self) -> LaneState:
        """Return the state of a lane whose rounds are over."""
        return LaneState.DONE if self._counted else LaneState.FAILED

    def _start(self, event: RoundStart) -> None:
        self.state = LaneState.WARMING if event.payload.warmup else LaneState.RUNNING
        self._round = event.round
        self._started_ns, self._elapsed_ns = event.t_ns, 0
        self._progress = None
        self._text.clear()

    def _end(self, event: RoundDone) -> None:
        done = event.payload
        self._started_ns, self._elapsed_ns = None, done.elapsed_ns
        if done.error is None and done.verdict.level is not Level.INVALID:
            self._spent.append(done.elapsed_ns)
        if event.round is not None and not done.warmup:
            self._ended.add(event.round)
            self._counted += done.verdict.level is not Level.INVALID
        over = len(self._ended) >= self._rounds
        self.state = self._outcome if over else LaneState.RESTING

    def _say(self, text: str) -> None:
        first, *more = text.split("\n")
        last = self._text.pop() if self._text else ""
        for line in (last + first, *more):
            self._text.append(line[-MAX_LINE_CHARS:])

    def _fraction(self) -> float | None:
        if self.state is LaneState.DONE:
            return 1.0
        if self._progress is None or not self._progress[1] or self._progress[1] <= 0:
            return None
        return min(max(self._progress[0] / self._progress[1], 0.0), 1.0)

    def _remaining_ns(self) -> int | None:
        if self.state.final:
            return 0
        running = self._started_ns is not None
        fraction = self._fraction() if running else None
        if self._spent:
            one = sum(self._spent) / len(self._spent)
        elif fraction:
            one = self._elapsed_ns / fraction
        else:
            return None
        warm_ups = self._warmup if self.state is LaneState.WAITING else 0
        left = one * (self._rounds - len(self._ended) + warm_ups)
        if self.state is LaneState.RUNNING:
            left -= one * fraction if fraction is not None else min(one, self._elapsed_ns)
        elif self.state is LaneState.WARMING and fraction is not None:
            left += one * (1 - fraction)
        return max(int(left), 0)
