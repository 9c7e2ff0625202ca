"""The result of a race, as values and sentences: terminal, page and exports show the same ones."""

from enum import StrEnum

import msgspec

from benchrace.events import Reason
from benchrace.ids import LaneId
from benchrace.kinds import Better


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """How many times better one lane is than another; 1 is equal.

    `ci95` is the 95 % interval of `value`, null for the `reason` given.
    """

    value: float
    ci95: tuple[float, float] | None = None
    reason: str | None = None


class LaneResult(msgspec.Struct, frozen=True, kw_only=True):
    """A lane by the ranking metric; `rounds` are the metric's own values of its counted rounds.

    `share` is 1 for the best lane: this value by the best one, or its inverse where lower is
    better. `ratio` is the best lane against this one, null for the best itself. `noisy` lanes vary
    by more than 5 % between rounds. `host_id` is null in runs of older versions.
    """

    lane_id: LaneId
    place: int | None
    value: float | None
    ci95: tuple[float, float] | None
    share: float | None
    ratio: Ratio | None
    rounds: tuple[float, ...]
    noisy: bool
    cv: float | None
    host_id: str | None = None


class ConfidenceLevel(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Confidence(msgspec.Struct, frozen=True, kw_only=True):
    """How far the order of the first two lanes can be trusted; `text` says level and reasons."""

    level: ConfidenceLevel
    reasons: tuple[Reason, ...]
    text: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Who won, by how much, and how sure that is.

    `lanes` are best first, those without a value last. `tied` are the lanes that cannot be told
    apart from the leader, with the leader; it is empty where `winner` is set. `leader` and
    `runner_up` are the first two with a value, or the first two that are tied; `ratio` is the one
    against the other. `more_rounds`
    would probably separate leader and runner-up; it is null where they are separated, and where
    more rounds do not help, which `confidence` then says.

    `headline`, `margin` ("2.2x faster"), `interval` (of `ratio`) and `detail` are sentences to be
    shown as they are. Of a run of one lane, `headline` is its value and `interval` that value's.
    """

    metric: str
    title: str
    unit: str
    better: Better
    lanes: tuple[LaneResult, ...]
    leader: LaneId
    runner_up: LaneId | None
    winner: LaneId | None
    tied: tuple[LaneId, ...]
    ratio: Ratio | None
    confidence: Confidence
    more_rounds: int | None
    headline: str
    margin: str | None
    interval: str | None
    detail: str
