"""Requests and answers about the machines of a fleet and the work that they offer."""

import msgspec

from benchrace.api.models import Lacks, ModelHere
from benchrace.plugin.assets import AssetKind
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model, Problem, Startable
from benchrace.protocol.timing import Timing
from benchrace.run.machine import Condition, MachineState
from benchrace.telemetry.environment import Environment
from benchrace.telemetry.hardware import Gpu, Hardware
from benchrace.tls.identity import LinkSecurity


class MachinePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    excluded: bool


class WorkloadReference(msgspec.Struct, frozen=True, kw_only=True):
    """A workload by the digest of its description, which `GET /api/workloads/{digest}` returns."""

    kind: str
    title: str
    digest: str


class BackendAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A backend of a machine; `reachable` is null until it was probed.

    `choices` are what its engine has for parameters that name one of its parts, such as samplers.
    `assets` are the kinds of files that it takes (`sync`), empty where an older agent does not say.
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
    choices: dict[str, tuple[str, ...]] = {}
    operations: tuple[Operation, ...] = ()
    assets: tuple[AssetKind, ...] = ()
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
    """A machine of the fleet; `reason` says why its condition is not `ready`.

    `condition` is what people are shown, `state` has more detail: a machine whose state is `ready`
    or `busy` can race. `problems` are what degrades it, `notes` those of `machines.yaml`.
    `link` says whether its link is encrypted, null while there is none.
    `threads` are those that its processes may use, null where that is unknown. `missing` is what
    it lacks of the model policy, null until its engines were asked. A `simulated` machine is
    invented: its figures come from a script.
    """

    machine_id: str
    label: str
    state: MachineState
    condition: Condition
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
    problems: tuple[Problem, ...] = ()
    notes: str | None = None
    simulated: bool = False
    link: LinkSecurity | None = None


class NearbyAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent of the local network without a central; all of it is what it says of itself."""

    machine_id: str
    url: str
    version: str


class MachineList(msgspec.Struct, frozen=True, kw_only=True):
    """`policy_problem` says why the model policy cannot be read; null where it can.

    `refused` are agents that were not let in during the last minute, and so is an empty fleet.
    `nearby` are agents that could join: they announce by mDNS that they have no central.
    """

    machines: tuple[MachineAnswer, ...]
    policy_problem: str | None = None
    refused: tuple[RejectedAgent, ...] = ()
    nearby: tuple[NearbyAgent, ...] = ()


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
    simulated: bool = False


class CapabilityList(msgspec.Struct, frozen=True, kw_only=True):
    machines: tuple[CapabilitiesAnswer, ...]


class GpuLoad(msgspec.Struct, frozen=True, kw_only=True):
    """The use of a GPU; null where it is not measured."""

    index: int
    utilization_percent: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    temperature_c: float | None
    power_w: float | None


class LoadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The load of a linked machine; null where it is not measured.

    `sampled_at` is when central received the sample, in wall seconds. `cpu_percent` is the mean
    over all processors since the machine's sample before.
    """

    machine_id: str
    sampled_at: float
    cpu_percent: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    cpu_temperature_c: float | None
    gpus: tuple[GpuLoad, ...]


class LoadList(msgspec.Struct, frozen=True, kw_only=True):
    """A machine whose agent sends no samples is missing."""

    machines: tuple[LoadAnswer, ...]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's reachability.

    `model` is about the one that was asked for, `missing` is what it lacks of the required ones;
    both are null until its agent has reported what it has.
    """

    machine_id: str
    label: str
    reachable: bool
    state: MachineState
    condition: Condition
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


class MachineChange(msgspec.Struct, frozen=True, kw_only=True):
    """A property with its value in the period before, and in this one."""

    name: str
    before: str
    after: str


class MachinePeriod(msgspec.Struct, frozen=True, kw_only=True):
    """Runs, one after the other, for which a machine was the same.

    `since` is when the first of them, `run_id`, was submitted, in wall seconds. `changes` are those
    from the period before; the oldest period has none.
    """

    since: float
    run_id: str
    runs: int
    changes: tuple[MachineChange, ...]


class MachineHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Hardware, driver, system and versions of a machine over its runs, the newest period first.

    `first` is the first known value of each property. `complete` is false where there are older
    runs, which were not read.
    """

    machine_id: str
    first: dict[str, str]
    periods: tuple[MachinePeriod, ...]
    complete: bool
