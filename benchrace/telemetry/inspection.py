"""Looking around: where the agent runs, and what about it would spoil a measurement."""

from benchrace.telemetry import plausible
from benchrace.telemetry.environment import Environment, EnvironmentKind
from benchrace.telemetry.hardware import Hardware, Notes
from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.problem import power_problems, shape_problems
from benchrace.telemetry.system.apple import Sysctl
from benchrace.telemetry.system.cgroup import Limits, limits
from benchrace.telemetry.system.container import container_runtime
from benchrace.telemetry.system.linux import is_wsl
from benchrace.telemetry.system.power import apple_power, linux_power


def environment(root: Root, hardware: Hardware, *, hot: bool = False) -> Environment:
    """Look around; `hardware` is what `detect` found on the same root. Blocks, as `detect`.

    `hot` says that the machine was hot when it was last looked at.
    """
    notes = Notes()
    apple = root.platform.system == "Darwin"
    sysctl = Sysctl(root) if apple else None
    power = linux_power(root, notes) if sysctl is None else apple_power(root, notes)
    power = plausible.noted(power, "power", notes)
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
        problems=(
            *power_problems(power, hot=hot),
            *shape_problems(hardware, group.cpu_quota, translated),
        ),
        notes=notes.lines(),
    )


def _layers(root: Root, hardware: Hardware, runtime: str | None) -> tuple[EnvironmentKind, ...]:
    layers: list[EnvironmentKind] = []
    if is_wsl(root):
        layers.append(EnvironmentKind.WSL2)
    if _is_spark(hardware):
        layers.append(EnvironmentKind.DGX_SPARK)
    if runtime is not None:
        layers.append(EnvironmentKind.CONTAINER)
    return tuple(layers) or (EnvironmentKind.NATIVE,)


def _is_spark(hardware: Hardware) -> bool:
    """Recognise it by its own name; other makers' boxes with the same chip by the GPU's."""
    named = (hardware.product or "").lower().replace("_", " ")
    return "dgx spark" in named or any("GB10" in (gpu.name or "") for gpu in hardware.gpus)


def _limit(group: Limits, hardware: Hardware) -> int | None:
    total = hardware.memory.total_bytes
    if group.memory_bytes is None or (total is not None and group.memory_bytes >= total):
        return None
    return group.memory_bytes
