"""Where the agent runs, and what about it would spoil a measurement."""

from enum import StrEnum

import msgspec

from benchrace.telemetry.apple import Sysctl
from benchrace.telemetry.cgroup import Limits, limits
from benchrace.telemetry.container import container_runtime
from benchrace.telemetry.hardware import Hardware, Notes, Virtualisation
from benchrace.telemetry.power import Power, apple_power, linux_power
from benchrace.telemetry.problem import Problem, power_problems, shape_problems
from benchrace.telemetry.root import Root
from benchrace.telemetry.system import is_wsl


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
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def environment(root: Root, hardware: Hardware) -> Environment:
    """Look around; `hardware` is what `detect` found on the same root. Blocks, as `detect`."""
    notes = Notes()
    apple = root.platform.system == "Darwin"
    sysctl = Sysctl(root) if apple else None
    power = linux_power(root, notes) if sysctl is None else apple_power(root, notes)
    group = limits(root)
    runtime = container_runtime(root, notes)
    layers = _layers(root, hardware, runtime)
    translated = sysctl is not None and sysctl.text("sysctl.proc_translated") == "1"
    return Environment(
        kind=layers[-1],
        layers=layers,
        container_runtime=runtime,
        virtualisation=hardware.virtualisation,
        cpu_quota=group.cpu_quota,
        memory_limit_bytes=_limit(group, hardware),
        power=power,
        problems=power_problems(power) + shape_problems(hardware, group.cpu_quota, translated),
        notes=notes.lines(),
    )


def _layers(root: Root, hardware: Hardware, runtime: str | None) -> tuple[EnvironmentKind, ...]:
    found: list[EnvironmentKind] = []
    if is_wsl(root):
        found.append(EnvironmentKind.WSL2)
    if _is_spark(hardware):
        found.append(EnvironmentKind.DGX_SPARK)
    if runtime is not None:
        found.append(EnvironmentKind.CONTAINER)
    return tuple(found) or (EnvironmentKind.NATIVE,)


def _is_spark(hardware: Hardware) -> bool:
    """Tell it by its own name; other makers' boxes with the same chip by the GPU's."""
    named = (hardware.product or "").lower().replace("_", " ")
    return "dgx spark" in named or any("GB10" in (gpu.name or "") for gpu in hardware.gpus)


def _limit(group: Limits, hardware: Hardware) -> int | None:
    total = hardware.memory.total_bytes
    if group.memory_bytes is None or (total is not None and group.memory_bytes >= total):
        return None
    return group.memory_bytes
