"""Problems of a machine that would spoil a measurement, with the remedy."""

from benchrace.telemetry.environment import MachineProblem, Power, ProblemCode
from benchrace.telemetry.hardware import GpuKind, Hardware

# These drivers call their ordinary, fully dynamic mode `powersave`.
_SELF_CLOCKING = {"intel_pstate", "amd-pstate-epp", "amd_pstate_epp"}
# A machine is hot from so near its limit on, and until it is further away than the second.
_NEAR_LIMIT_C = 5.0
_COOL_C = 8.0


def power_problems(power: Power, *, hot: bool = False) -> tuple[MachineProblem, ...]:
    """Check power, clocks and heat; `hot` says that the machine was hot when last looked at.

    No message holds a figure that changes while nobody does anything: each is sent on.
    """
    problems = (
        _governor(power),
        _battery(power),
        _low_power(power),
        _turbo(power),
        _hot(power, hot),
        _voltage(power),
        _throttled(power),
    )
    return tuple(problem for problem in problems if problem is not None)


def shape_problems(
    hardware: Hardware, quota: float | None, translated: bool
) -> tuple[MachineProblem, ...]:
    """Check what the process may use: its share of the processor, its GPUs, its own code."""
    problems: list[MachineProblem] = []
    logical = hardware.cpu.logical_cores
    if quota is not None and (logical is None or quota < logical):
        message = f"the control group allows {quota:g} of {logical} processors"
        remedy = "Raise the container's CPU limit, or keep threads at or below it."
        problems.append(MachineProblem(ProblemCode.CPU_QUOTA, message, remedy))
    for gpu in hardware.gpus:
        # Intel's does not count as an accelerator here.
        if not gpu.ready and gpu.kind in (GpuKind.NVIDIA, GpuKind.AMD):
            message = f"{gpu.name or gpu.vendor + ' GPU'} has no working compute driver"
            remedy = "Install its driver (CUDA or ROCm), and pass the GPU into the container."
            problems.append(MachineProblem(ProblemCode.GPU_NOT_READY, message, remedy))
    if translated:
        message = "this Python is for Intel and runs under Rosetta"
        remedy = "Install Python for arm64."
        problems.append(MachineProblem(ProblemCode.TRANSLATED, message, remedy))
    return tuple(problems)


def _governor(power: Power) -> MachineProblem | None:
    remedy = "Choose the performance governor: cpupower frequency-set -g performance"
    if power.driver in _SELF_CLOCKING and power.governor == "powersave":
        if power.preference in ("power", "balance_power"):
            message = f"the processor is set to save energy ({power.preference})"
            return MachineProblem(ProblemCode.GOVERNOR, message, remedy)
        return None
    if power.governor in ("powersave", "conservative"):
        return MachineProblem(ProblemCode.GOVERNOR, f"the CPU governor is {power.governor}", remedy)
    return None


def _battery(power: Power) -> MachineProblem | None:
    if not power.on_battery:
        return None
    return MachineProblem(ProblemCode.ON_BATTERY, "it runs on battery", "Plug it in.")


def _low_power(power: Power) -> MachineProblem | None:
    if power.low_power_mode:
        remedy = "Switch Low Power Mode off in the system's settings."
        return MachineProblem(ProblemCode.LOW_POWER_MODE, "Low Power Mode is on", remedy)
    if power.profile in ("low-power", "quiet", "cool"):
        message = f"the firmware's power profile is {power.profile}"
        remedy = "Choose another: powerprofilesctl set performance"
        return MachineProblem(ProblemCode.LOW_POWER_MODE, message, remedy)
    return None


def _turbo(power: Power) -> MachineProblem | None:
    if power.turbo is not False:
        return None
    remedy = (
        "None needed if intended (it steadies results); otherwise enable it in the BIOS or /sys."
    )
    return MachineProblem(ProblemCode.TURBO_OFF, "turbo clocks are switched off", remedy)


def _hot(power: Power, before: bool) -> MachineProblem | None:
    now, limit = power.thermal_c, power.thermal_limit_c
    if now is None or limit is None or now < limit - (_COOL_C if before else _NEAR_LIMIT_C):
        return None
    message = f"it is within {_COOL_C:g} °C of its temperature limit"
    return MachineProblem(ProblemCode.HOT, message, "Let it cool, or clean its fans.")


def _voltage(power: Power) -> MachineProblem | None:
    if not power.undervolted:
        return None
    remedy = "Use a stronger power supply and a short cable."
    return MachineProblem(ProblemCode.UNDERVOLTED, "its supply voltage is too low", remedy)


def _throttled(power: Power) -> MachineProblem | None:
    if not power.throttled:
        return None
    remedy = "Cool the board, and check its power supply."
    return MachineProblem(ProblemCode.THROTTLED, "its firmware lowers the clock now", remedy)
