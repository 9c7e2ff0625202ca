"""Metrics derived again from raw records: the request to a worker, and its answer."""

from typing import Any

import msgspec

from benchrace.events import Measured
from benchrace.plugin.description import WorkloadDescription
from benchrace.run.summary import RunSummary


class RawRound(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a finished round, as the log has it."""

    lane_id: str
    round: int
    record: dict[str, Any]


class DerivedRound(msgspec.Struct, frozen=True, kw_only=True):
    """A round's metrics derived from its record; `problem` says why there are none, else null."""

    lane_id: str
    round: int
    measured: tuple[Measured, ...] = ()
    problem: str | None = None


class Rederived(msgspec.Struct, frozen=True, kw_only=True):
    """`workloads` are as the installed plugins offer them now, by backend."""

    workloads: dict[str, WorkloadDescription]
    rounds: tuple[DerivedRound, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is not what it was, in `rounds` rounds; of the first, `was` and `now`."""

    lane_id: str
    metric: str
    rounds: int
    first_round: int
    was: Measured | None
    now: Measured | None


class Restamped(msgspec.Struct, frozen=True, kw_only=True):
    """How many records had their stamps recomputed from raw arrivals, and whether they agree.

    `unknown` ones cannot be, for these `reasons`.
    """

    same: int
    different: int
    unknown: int
    reasons: tuple[str, ...] = ()


class Derivation(msgspec.Struct, frozen=True, kw_only=True):
    """A run's numbers by today's plugins: `derived.json`. The log and `summary.json` stay.

    `metrics_version` is by backend, `metrics_version_then` all that rounds of the log have.
    """

    run_id: str
    derived_at: float
    version: str
    metrics_version: dict[str, int]
    metrics_version_then: dict[str, tuple[int, ...]]
    rounds: int
    changes: tuple[Change, ...]
    problems: tuple[str, ...]
    restamped: Restamped | None
    summary: RunSummary
