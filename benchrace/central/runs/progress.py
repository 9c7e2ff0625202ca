"""A run's progress as central needs it from the log: starts, rounds and ends. Pure."""

from collections.abc import Iterable

import msgspec

from benchrace import structs
from benchrace.errors import Category
from benchrace.events import TERMINAL_TYPES
from benchrace.events.payloads import RunPhase
from benchrace.protocol.job import JobSpec
from benchrace.view.lines import OUTPUT


class _Payload(msgspec.Struct):
    """The few fields that are looked at, of any of the events below."""

    phase: str | None = None
    heat: int | None = None
    started_ns: int | None = None
    category: Category | None = None
    message: str | None = None
    reason: str | None = None
    remedy: str | None = None
    detail: str | None = None


class _Line(msgspec.Struct):
    type: str
    job_id: str | None
    lane_id: str | None
    payload: _Payload


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended, as its last event says; `type` is that event's tag."""

    type: str
    category: Category | None = None
    message: str | None = None
    remedy: str | None = None
    detail: str | None = None


class Turn(msgspec.Struct, frozen=True):
    """How many rounds a job has begun and ended, and whose round it is in; null between two."""

    number: int
    lane_id: str | None


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch of lines held, so that others know whether to look."""

    starts: bool = False
    rounds: bool = False
    ends: bool = False


# A cheap look before decoding: inside a JSON string the quotes would be escaped.
_TAGS = ("round_start", "round_done", "run_lifecycle", *TERMINAL_TYPES)
_MARKS = tuple(f'"{tag}"'.encode() for tag in _TAGS)
_line = structs.decoder(_Line)


class RunProgress:
    """The heats, lanes and jobs of a run, updated line by line.

    `starts` are in ns on the monotonic clock of the job's machine, by heat and job, and `started`
    all of these heats and jobs; `begun` and `finished` the highest heat of each job. `rounds`
    counts each lane's finished rounds without warm-ups, by job and lane. `phases` are central's own
    phases, and `spread` the heats whose start was judged, each with the lane that began it by
    itself, if one did. `turns` says where each job is. `ended` says that the run's end is the last
    line.
    """

    def __init__(self, jobs: Iterable[JobSpec]) -> None:
        self.starts: dict[int, dict[str, int]] = {}
        self.begun: dict[str, int] = {}
        self.finished: dict[str, int] = {}
        self.rounds = {(job.job_id, lane.lane_id): 0 for job in jobs for lane in job.lanes}
        self.ends: dict[str, End] = {}
        self.phases: set[str] = set()
        self.spread: set[tuple[int, str | None]] = set()
        self.started: set[tuple[int, str]] = set()
        self.turns: dict[str, Turn] = {}
        self.ended = False

    def least(self, lane_id: str) -> int:
        """Return how many rounds of a lane every one of its jobs has finished, without warm-ups."""
        return min(count for (_, lane), count in self.rounds.items() if lane == lane_id)

    def feed(self, lines: bytes) -> Noted:
        """Read the next whole lines of the log; the same lines give the same, however divided."""
        if lines:
            self.ended = _is_run_end(lines[lines.rfind(b"\n", 0, -1) + 1 :])
        if not _marked(lines):
            return Noted()
        kinds = {
            self._take(raw)
            for raw in lines.split(b"\n")
            # Whether output is left out before it comes here depends on where a read ends.
            if _marked(raw) and not raw.startswith(OUTPUT)
        }
        return Noted(
            starts="round_start" in kinds,
            rounds="round_done" in kinds,
            ends=not TERMINAL_TYPES.isdisjoint(kinds),
        )

    def _take(self, raw: bytes) -> str:
        try:
            line = _line.decode(raw)
        except msgspec.DecodeError:
            return ""  # An event of a newer version: stored as it is, and not looked into.
        job_id, payload = line.job_id, line.payload
        if job_id is None:
            self._own(line)
            return line.type
        if line.type in ("round_start", "round_done"):
            number = turn.number if (turn := self.turns.get(job_id)) else 0
            begins = line.type == "round_start"
            self.turns[job_id] = Turn(number + 1, line.lane_id if begins else None)
        match line.type:
            case "round_start" if payload.heat is not None and payload.started_ns is not None:
                self.starts.setdefault(payload.heat, {})[job_id] = payload.started_ns
                self.started.add((payload.heat, job_id))
                self.begun[job_id] = max(payload.heat, self.begun.get(job_id, -1))
            case "round_done" if payload.heat is not None and (
                (key := (job_id, line.lane_id or "")) in self.rounds
            ):
                self.finished[job_id] = max(payload.heat, self.finished.get(job_id, -1))
                self.rounds[key] += 1
            case tag if tag in TERMINAL_TYPES:
                self.ends.setdefault(job_id, _end(line))
            case _:
                pass
        return line.type

    def _own(self, line: _Line) -> None:
        if line.type != "run_lifecycle" or line.payload.phase is None:
            return
        self.phases.add(line.payload.phase)
        if line.payload.phase == RunPhase.HEAT_START and line.payload.heat is not None:
            self.spread.add((line.payload.heat, line.lane_id))


def _is_run_end(raw: bytes) -> bool:
    if b'"run_lifecycle"' not in raw:
        return False
    try:
        line = _line.decode(raw)
    except msgspec.DecodeError:
        return False
    return line.job_id is None and line.payload.phase == RunPhase.RUN_END


def _marked(raw: bytes) -> bool:
    return any(mark in raw for mark in _MARKS)


def _end(line: _Line) -> End:
    payload = line.payload
    return End(
        type=line.type,
        category=payload.category,
        message=payload.message or payload.reason,
        remedy=payload.remedy,
        detail=payload.detail,
    )
