"""Where an agent runs, and what about it would spoil a measurement, as Structs."""

from enum import StrEnum

import msgspec

from benchrace.telemetry.hardware import Virtualisation


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """`preference` steers drivers that clock by themselves; `profile` is the firmware's.

    `thermal_c` is the hottest zone's (or the processor's), `thermal_limit_c` that zone's limit;
    `undervolted` and `throttled` are what a Raspberry Pi reports of now.
    """

    on_battery: bool | None = None
    source: str | None = None
    battery_percent: int | None = None
    driver: str | None = None
    governor: str | None = None
    preference: str | None = None
    profile: str | None = None
    turbo: bool | None = None
    low_power_mode: bool | None = None
    thermal_c: float | None = None
    thermal_limit_c: float | None = None
    undervolted: bool | None = None
    throttled: bool | None = None


class ProblemCode(StrEnum):
    GOVERNOR = "governor"
    ON_BATTERY = "on_battery"
    LOW_POWER_MODE = "low_power_mode"
    TURBO_OFF = "turbo_off"
    HOT = "hot"
    UNDERVOLTED = "undervolted"
    THROTTLED = "throttled"
    CPU_QUOTA = "cpu_quota"
    GPU_NOT_READY = "gpu_not_ready"
    TRANSLATED = "translated"


class MachineProblem(msgspec.Struct, frozen=True):
    """One finding: `message` says what was seen, `remedy` what to do."""

    code: ProblemCode
    message: str
    remedy: str


class EnvironmentKind(StrEnum):
    NATIVE = "native"
    CONTAINER = "container"
    WSL2 = "wsl2"
    DGX_SPARK = "dgx_spark"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is the innermost of `layers` (outermost first: a container on a DGX Spark has two).

    `cpu_quota` (in processors) and `memory_limit_bytes` are the control group's; null is none.
    """

    kind: EnvironmentKind
    layers: tuple[EnvironmentKind, ...]
    container_runtime: str | None = None
    virtualisation: Virtualisation | None = None
    cpu_quota: float | None = None
    memory_limit_bytes: int | None = None
    power: Power
    problems: tuple[MachineProblem, ...] = ()
    notes: tuple[str, ...] = ()
