"""A run's specification: one comparison. The same document in `POST /api/runs` and in a file."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from benchrace.kinds.llm.params import MACHINES


class Order(StrEnum):
    """In which order lanes that share a machine take turns."""

    CONTIGUOUS = "contiguous"
    ABBA = "abba"
    RANDOM = "random"


class ResidentModels(StrEnum):
    """Whether models of one machine may be in memory together: `one` has the others let go."""

    ONE = "one"
    MANY = "many"


class Sync(StrEnum):
    """Which heats start on every machine at one instant."""

    FIRST_HEAT = "first_heat"
    EVERY_HEAT = "every_heat"


Rounds = Annotated[int, Meta(ge=1, le=100_000)]
# Beyond such numbers a run makes no sense, and is rejected before it is read.
ParamValues = Annotated[dict[str, Any], Meta(max_length=1000)]
MAX_CLIENTS = MACHINES - 1
MAX_WORKERS = 31
Tags = Annotated[tuple[Annotated[str, Meta(max_length=60)], ...], Meta(max_length=100)]


class LaneSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lane takes what it does not say from the run, or from the only one that fits.

    `clients` are machines that generate load in addition to the lane's own: each sends its share of
    the requests to the same server. `workers` are the worker machines of the lane, whose own
    machine coordinates them.
    """

    machine_id: str | None = None
    backend: str | None = None
    label: Annotated[str, Meta(max_length=200)] | None = None
    params: ParamValues = {}
    clients: Annotated[tuple[str, ...], Meta(max_length=MAX_CLIENTS)] = ()
    workers: Annotated[tuple[str, ...], Meta(max_length=MAX_WORKERS)] = ()


class RunSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One comparison. `preset` names an overlay of the workload, below `params`.

    `resident` is for engines that keep models in memory: `many` lets lanes of one machine be open
    together, and take turns. `sampling_s` is the period of runtime samples in seconds, 0 for none;
    `timeout_s` the longest that one round may take. `continues` is the ID of a run that this one
    repeats with more rounds: the two are linked and compared, and their rounds never joined.
    """

    kind: str
    params: ParamValues = {}
    preset: str | None = None
    lanes: tuple[LaneSpec, ...] = ()
    rounds: Rounds | Literal["auto"] = 5
    warmup: Annotated[int, Meta(ge=0, le=1000)] = 1
    order: Order | None = None
    sync: Sync = Sync.FIRST_HEAT
    resident: ResidentModels = ResidentModels.ONE
    salt: Annotated[str, Meta(max_length=200)] | None = None
    only_ready: bool = False
    name: Annotated[str, Meta(max_length=200)] | None = None
    tags: Tags = ()
    notes: Annotated[str, Meta(max_length=20_000)] | None = None
    sampling_s: Annotated[float, Meta(ge=0, le=60)] = 0.5
    timeout_s: Annotated[float, Meta(gt=0, le=7 * 86400)] = 3600.0
    continues: Annotated[str, Meta(max_length=100)] | None = None
