"""A run's metadata, `metadata.json`: enough to read the run without its plugins."""

from typing import Any

import msgspec

from benchrace.errors import Failure, FieldError
from benchrace.ids import RunId
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.readiness import Problem
from benchrace.run.lane import RunLane
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A lane that `only_ready` left out, with the reasons."""

    label: str
    machine_id: str | None
    backend: str | None
    fields: tuple[FieldError, ...] = ()
    problems: tuple[Problem, ...] = ()


class MachineHost(msgspec.Struct, frozen=True, kw_only=True):
    """The computer of a machine: agents of one host have the same `host_id`.

    `share_host` is true where the agent may measure beside others of its host.
    """

    host_id: str
    share_host: bool = False


class RunMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Written before anything is dispatched, and again (whole, atomically) when it changes.

    `machines` holds each machine's capabilities as they were, `hosts` the computer of each.
    `workloads` is by backend. `automatic` is what "auto" came to, by parameter. Times are wall
    seconds. `epoch` rises when the log had to be cut, so that viewers of the older one start from a
    snapshot.
    """

    run_id: RunId
    version: str
    created_at: float
    spec: RunSpec
    state: RunState
    kind: str
    order: Order
    sync: Sync
    salt: str
    rounds: int
    warmup: int
    lanes: tuple[RunLane, ...]
    left_out: tuple[LeftOut, ...] = ()
    workloads: dict[str, WorkloadDescription] = {}
    machines: dict[str, Any] = {}
    hosts: dict[str, MachineHost] = {}
    automatic: dict[str, Any] | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    staggered: bool = False
    failure: Failure | None = None
    epoch: int = 0
