"""What central's API takes and answers, beside runs' own documents."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from benchrace.central.central import CentralStatus
from benchrace.central.models import Lacks, ModelHere
from benchrace.central.refused import RefusedAgent
from benchrace.link.capabilities import Capabilities
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model, Problem
from benchrace.run.machine import MachineState
from benchrace.run.states import RunState
from benchrace.telemetry.hardware import Gpu


class Health(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    component: str
    version: str
    instance: str


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str


class RunPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null takes it away."""

    name: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    tags: tuple[Annotated[str, Meta(max_length=60)], ...] | UnsetType | None = UNSET
    notes: Annotated[str, Meta(max_length=20_000)] | UnsetType | None = UNSET

    def changes(self) -> dict[str, Any]:
        """Give the fields that were said."""
        said = {"name": self.name, "tags": self.tags, "notes": self.notes}
        found = {name: value for name, value in said.items() if value is not UNSET}
        return found | ({"tags": ()} if found.get("tags", ()) is None else {})


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a cancel; it may be left out."""

    reason: Annotated[str, Meta(max_length=500)] = "cancelled by a person"


class RunStateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str
    state: RunState


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    deleted: str


class Two(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of the runs to compare."""

    a: str
    b: str


class MachinePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    excluded: bool


class BackendAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A backend of a machine; `reachable` is null until it was probed.

    `stops_at` is the wall time at which its engine is stopped, if nobody uses it until then.
    """

    name: str
    title: str
    version: str | None
    workloads: tuple[WorkloadDescription, ...]
    reachable: bool | None = None
    engine_version: str | None = None
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()
    operations: tuple[Operation, ...] = ()
    stops_at: float | None = None


class MachineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A machine of the fleet; `reason` says why it is not ready.

    `missing` is what it lacks of the model policy, null until its engines were asked.
    """

    machine_id: str
    label: str
    state: MachineState
    reason: str | None
    excluded: bool
    host_id: str
    share_host: bool
    version: str | None
    address: str | None
    connected_at: float | None
    run_id: str | None
    offset_ns: int | None
    uncertainty_ns: int | None
    backends: tuple[BackendAnswer, ...]
    gpus: tuple[Gpu, ...] = ()
    missing: Lacks | None = None


class MachineList(msgspec.Struct, frozen=True, kw_only=True):
    """`policy_problem` says why the model policy cannot be read; null where it can.

    `refused` are agents that were not let in during the last minute, and so are no machines.
    """

    machines: tuple[MachineAnswer, ...]
    policy_problem: str | None = None
    refused: tuple[RefusedAgent, ...] = ()


class CapabilityList(msgspec.Struct, frozen=True, kw_only=True):
    machines: tuple[Capabilities, ...]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a machine can be given work.

    `model` is about the one that was asked for, `missing` is what it lacks of the required ones;
    both are null until its agent has told what it has.
    """

    machine_id: str
    label: str
    reachable: bool
    state: MachineState
    reason: str | None
    run_id: str | None
    has_model: bool | None = None
    missing: tuple[str, ...] | None = None
    model: ModelHere | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The model to look for, and with how many positions it would run."""

    model: Annotated[str, Meta(max_length=300)] | None = None
    num_ctx: Annotated[int, Meta(ge=1, le=1 << 30)] | None = None


class StatusAnswer(msgspec.Struct, frozen=True, kw_only=True):
    central: CentralStatus
    machines: tuple[Reach, ...]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A kind as one backend offers it, on the machines that do."""

    backend: str
    title: str
    machines: tuple[str, ...]
    workload: WorkloadDescription


class KindAnswer(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    title: str
    offers: tuple[Offer, ...]


class WorkloadList(msgspec.Struct, frozen=True, kw_only=True):
    workloads: tuple[KindAnswer, ...]
