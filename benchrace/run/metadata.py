"""A run's metadata, `metadata.json`: enough to read the run without its plugins."""

from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace.errors import Failure, FieldError
from benchrace.ids import RunId
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.readiness import Problem
from benchrace.run.findings.ceiling import Roofs
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

    `machines` holds each machine's capabilities as they were at the start, and its label alone
    before that; `hosts` holds the computer of each. `ceilings` is what was known of their limits at
    the start, in runs of text.
    `workloads` is by backend. `automatic` is what "auto" came to, by parameter. Times are wall
    seconds. A `pinned` run is never deleted for its age. `epoch` rises when the log had to be cut,
    so that viewers of the older one start from a snapshot. A `simulated` run is one of invented
    machines: nothing in it was measured.
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
    ceilings: dict[str, Roofs] = {}
    automatic: dict[str, Any] | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    pinned: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    staggered: bool = False
    failure: Failure | None = None
    epoch: int = 0
    simulated: bool = False


def machine_label(run: RunMetadata, machine_id: str) -> str:
    """Return a machine's label where it is known: an agent of any version described it."""
    described: Any = run.machines.get(machine_id)
    label = (
        described.get("label")
        if isinstance(described, Mapping)
        else getattr(described, "label", None)
    )
    return label if isinstance(label, str) and label else machine_id


def machine_labels(run: RunMetadata) -> dict[str, str]:
    """Return the labels of the machines that race, by their ids."""
    return {machine_id: machine_label(run, machine_id) for machine_id in occupied(run)}


def occupied(run: RunMetadata) -> tuple[str, ...]:
    """Return the ids of the machines that a run uses, in the order of its lanes."""
    return tuple(dict.fromkeys(name for lane in run.lanes for name in lane.occupies))


def lane_machines(run: RunMetadata, lane: RunLane) -> str:
    """Return the labels of a lane's machines, its own first: `Mac 1 + Mac 2`."""
    return " + ".join(machine_label(run, machine_id) for machine_id in lane.occupies)
