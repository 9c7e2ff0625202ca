"""A kind of work: its parameters, the raw record of a round, and the metrics derived from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from benchrace.events import Measured, Reason
from benchrace.kinds.energy import EnergyWork
from benchrace.kinds.metric import Metric


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a kind's parameters; field metadata becomes the form on the page."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a round's raw facts: stamps, counts, phases. Never a derived number."""


class LaneRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A round's record, and the lane that it is of."""

    lane_id: str
    record: Any


Derive = Callable[[Any, Any], Iterable[Measured]]
Review = Callable[[LaneRecord, Sequence[LaneRecord]], Iterable[Reason]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`derive(record, params)` is pure: the same record gives the same numbers for ever.

    `metrics_version` rises whenever `derive` changes what it returns for an old record.
    `review(current, earlier)` yields what makes a round SUSPECT beside the earlier ones of its
    job, of whatever lane and backend, warm-ups included; those that were discarded, or that it had
    a reason against, are left out.
    `work` names the parameters that set how much a round has to do: of lanes that differ in one,
    only rates compare. `energy` names what a round's energy is divided by.
    """

    name: str
    title: str
    params: type[Params]
    record: type[Record]
    metrics: tuple[Metric, ...]
    derive: Derive
    metrics_version: int = 1
    review: Review | None = None
    work: tuple[str, ...] = ()
    energy: EnergyWork | None = None
