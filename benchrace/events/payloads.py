"""The payload of each event. Field names are the contract with every reader of a log."""

from enum import StrEnum
from typing import Any

import msgspec

from benchrace.errors import Category, Failure
from benchrace.events.measured import Measured, Verdict


class LaneStart(msgspec.Struct, frozen=True, kw_only=True):
    """A lane as its job runs it; `params` are validated and complete."""

    lane_id: str
    label: str
    backend: str
    params: dict[str, Any]


class JobStartPayload(msgspec.Struct, frozen=True, kw_only=True):
    """`monotonic_ns` is the machine's clock at `t_ns` 0; `boot_id` tells reboots apart.

    A `simulated` machine is invented: its figures come from a script, and nothing was measured.
    """

    kind: str
    lanes: tuple[LaneStart, ...]
    planned_rounds: int
    monotonic_ns: int
    boot_id: str | None
    pid: int
    version: str
    simulated: bool = False


class RoundStartPayload(msgspec.Struct, frozen=True, kw_only=True):
    """`started_ns` is absolute on the machine's monotonic clock; `armed_ns` the ordered instant."""

    warmup: bool
    heat: int | None
    started_ns: int
    armed_ns: int | None = None


class LlmTokenPayload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Generated text; `reasoning` is what a model thinks before it answers.

    `pieces` is how many chunks of the engine it was joined from, mostly one a token; logs of older
    versions have none.
    """

    text: str
    reasoning: bool = False
    pieces: int = 0


class ComputeLinePayload(msgspec.Struct, frozen=True, kw_only=True):
    line: str


class ProgressPayload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`done` of `total` (null where unknown), both counted in `unit`; `phase` says what runs now,
    where work has several parts (`decoding`).
    """

    done: float
    total: float | None
    unit: str
    phase: str = ""


class PreviewPayload(msgspec.Struct, frozen=True, kw_only=True):
    """A small image of what a round is making: for the eye, not measured. `data` is in Base64."""

    media_type: str
    data: bytes


class ArtifactPayload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a round produced; `digest` is `sha256:<hex>`, `size` in bytes."""

    name: str
    media_type: str
    size: int
    digest: str


class LogPayload(msgspec.Struct, frozen=True, kw_only=True):
    level: str
    message: str
    source: str


class ClockStepPayload(msgspec.Struct, frozen=True, kw_only=True):
    """The wall clock moved by `step_s` against the monotonic one: it was set, or has drifted.

    `timestamp_s` before and after are not comparable; durations come from `t_ns`, and are
    unaffected.
    """

    step_s: float


class GpuSample(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU at one instant; null where the driver reports nothing. Lanes use its `uuid`.

    `notes` say why a number that the driver told is null: `power_w: 4294967.295 is not possible`.
    """

    index: int
    uuid: str | None = None
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    clock_sm_mhz: float | None = None
    clock_memory_mhz: float | None = None
    energy_mj: float | None = None
    throttle: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


class Covers(StrEnum):
    """What a counter of energy counts, as tables name it."""

    GPU_BOARD = "GPU board"
    CPU_PACKAGE = "CPU package"
    CHIP = "CPU, GPU and neural engine"
    MEMORY = "memory"
    PLATFORM = "platform"


class EnergyCounter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A counter of energy other than a GPU's, at one instant; `name` is the system's own.

    `energy_mj` starts again from 0 after `range_mj`. A source that does not count gives `power_w`.
    `reason` says why both are null.
    """

    name: str
    covers: Covers
    source: str
    energy_mj: float | None = None
    range_mj: float | None = None
    power_w: float | None = None
    reason: str | None = None


class RuntimeSamplePayload(msgspec.Struct, frozen=True, kw_only=True):
    """The machine at one instant; null where unknown. `cost_ns` is what taking it took.

    `cpu_throttle_count` is how often heat has slowed the processor down since the boot. `notes` say
    why a number that the system told is null.
    """

    cpu_percent: float | None = None
    cpu_count: int | None = None
    load_1m: float | None = None
    memory_used_bytes: int | None = None
    memory_available_bytes: int | None = None
    memory_total_bytes: int | None = None
    cpu_frequency_mhz: float | None = None
    cpu_temperature_c: float | None = None
    cpu_throttle_count: int | None = None
    gpus: tuple[GpuSample, ...] = ()
    energy: tuple[EnergyCounter, ...] = ()
    cost_ns: int = 0
    notes: tuple[str, ...] = ()


class RoundDonePayload(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a round. `record` is raw; `measured` derives from it by `metrics_version`.

    `elapsed_ns` is its timed part: scoring and storing what it made may come after that. `error` is
    set where the round failed; its verdict is then INVALID.
    """

    warmup: bool
    heat: int | None
    elapsed_ns: int
    record: dict[str, Any] | None
    measured: tuple[Measured, ...]
    verdict: Verdict
    metrics_version: int
    error: Failure | None = None


class ChunksPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Raw arrival stamps of one request of a round, in parts; chunk `first + i` is at index i.

    `t_ns[i]` and `sent_ns` (the request's first byte) are since job start, `size[i]` in bytes.
    `bound_ns[i]` is how much earlier the chunk may have come, empty where all are exact. `source`
    says who stamped: `kernel`, `user` or `mixed`.
    """

    first: int
    t_ns: tuple[int, ...]
    size: tuple[int, ...]
    bound_ns: tuple[int, ...] = ()
    request: int = 0
    sent_ns: int | None = None
    source: str | None = None


class LaneErrorPayload(msgspec.Struct, frozen=True, kw_only=True):
    """A lane that could not be opened: its rounds are left out, the other lanes go on."""

    error: Failure


class JobDonePayload(msgspec.Struct, frozen=True, kw_only=True):
    """`metrics` is flat, of medians over counted rounds, for readers that want one number.

    `unsettled` are the lanes that ended with a failure: their engines may still be at work.
    """

    metrics: dict[str, float | int | str | None]
    unsettled: tuple[str, ...] = ()


class JobErrorPayload(msgspec.Struct, frozen=True, kw_only=True):
    category: Category
    message: str
    remedy: str
    detail: str | None = None


class JobTimeoutPayload(msgspec.Struct, frozen=True, kw_only=True):
    category: Category
    message: str
    remedy: str


class JobCancelledPayload(msgspec.Struct, frozen=True, kw_only=True):
    reason: str


class RunPhase(StrEnum):
    RUN_START = "run_start"
    HEAT_START = "heat_start"
    RUN_END = "run_end"


class JobBegun(msgspec.Struct, frozen=True, kw_only=True):
    """When a job began a heat, on central's clock since the first one; within the uncertainty."""

    job_id: str
    at_ns: int
    uncertainty_ns: int


class RunLifecyclePayload(msgspec.Struct, frozen=True, kw_only=True):
    """`heat_start`: `spread_ns` between the first and the last start, with its uncertainty.

    `starts` are those of the jobs, in runs of lanes with clients; empty where their clocks were not
    compared.
    """

    phase: RunPhase
    state: str | None = None
    heat: int | None = None
    spread_ns: int | None = None
    uncertainty_ns: int | None = None
    staggered: bool = False
    reason: str | None = None
    starts: tuple[JobBegun, ...] = ()


class StandingPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's place (1 is best; ties share one), null while it has no counted round."""

    lane_id: str
    place: int | None
    value: float | None
    low: float | None = None
    high: float | None = None
    marked: bool = False


class StandingPayload(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    places: tuple[StandingPlace, ...]
