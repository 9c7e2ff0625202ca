"""Requests and answers about the machines of a fleet and the work that they offer."""

import msgspec

from benchrace.api.models import Lacks, ModelHere
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model, Problem, Startable
from benchrace.protocol.timing import Timing
from benchrace.run.machine import MachineState
from benchrace.telemetry.environment import Environment
from benchrace.telemetry.hardware import Gpu, Hardware


class MachinePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    excluded: bool


class WorkloadReference(msgspec.Struct, frozen=True, kw_only=True):
    """A workload by the digest of its description, which `GET /api/workloads/{digest}` returns."""

    kind: str
    title: str
    digest: str


class BackendAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A backend of a machine; `reachable` is null until it was probed.

    `stops_at` is the wall time at which its engine is stopped, if it is not used until then.
    """

    name: str
    title: str
    version: str | None
    workloads: tuple[WorkloadReference, ...]
    reachable: bool | None = None
    engine_version: str | None = None
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()
    startable: tuple[Startable, ...] = ()
    operations: tuple[Operation, ...] = ()
    stops_at: float | None = None


class PluginState(msgspec.Struct, frozen=True, kw_only=True):
    """An installed plugin: `pending` while it is being described, `error` where it is broken."""

    name: str
    pending: bool = False
    error: str | None = None


class RejectedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Why what dials from `address` is refused, and how often it was lately."""

    address: str
    reason: str
    remedy: str = ""
    times: int


class MachineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A machine of the fleet; `reason` says why it is not ready.

    `threads` are those that its processes may use, null where that is unknown. `missing` is what
    it lacks of the model policy, null until its engines were asked.
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
    plugins: tuple[PluginState, ...] = ()
    threads: int | None = None
    gpus: tuple[Gpu, ...] = ()
    missing: Lacks | None = None


class MachineList(msgspec.Struct, frozen=True, kw_only=True):
    """`policy_problem` says why the model policy cannot be read; null where it can.

    `refused` are agents that were not let in during the last minute, and so is an empty fleet.
    """

    machines: tuple[MachineAnswer, ...]
    policy_problem: str | None = None
    refused: tuple[RejectedAgent, ...] = ()


class PluginAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin of a machine: the titles of its backends, or the error that makes it unusable."""

    name: str
    module: str
    distribution: str | None
    version: str | None
    backends: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None
    pending: bool = False


class CapabilitiesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine is, and what is installed there; `GET /api/machines` has its backends.

    `timing` is null until the machine has certified itself; `restart` says why the agent has to be
    started again before it can measure, null where it need not.
    """

    machine_id: str
    label: str
    version: str
    fingerprint: str
    hardware: Hardware
    environment: Environment
    plugins: tuple[PluginAnswer, ...] = ()
    timing: Timing | None = None
    restart: str | None = None


class CapabilityList(msgspec.Struct, frozen=True, kw_only=True):
    machines: tuple[CapabilitiesAnswer, ...]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's reachability.

    `model` is about the one that was asked for, `missing` is what it lacks of the required ones;
    both are null until its agent has reported what it has.
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


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A kind as one backend offers it, on the machines that do."""

    backend: str
    title: str
    machines: tuple[str, ...]
    workload: WorkloadReference


class KindAnswer(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    title: str
    offers: tuple[Offer, ...]


class WorkloadList(msgspec.Struct, frozen=True, kw_only=True):
    workloads: tuple[KindAnswer, ...]
