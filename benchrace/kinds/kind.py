"""A kind of work: its parameters, the raw record of a round, and how numbers derive from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from benchrace.events import Measured
from benchrace.kinds.metric import Metric


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a kind's parameters; field metadata becomes the form on the page."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a round's raw facts: stamps, counts, phases. Never a derived number."""


Derive = Callable[[Any, Any], Iterable[Measured]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`derive(record, params)` is pure: the same record gives the same numbers for ever.

    `metrics_version` rises whenever `derive` changes what it returns for an old record.
    """

    name: str
    title: str
    params: type[Params]
    record: type[Record]
    metrics: tuple[Metric, ...]
    derive: Derive
    metrics_version: int = 1
