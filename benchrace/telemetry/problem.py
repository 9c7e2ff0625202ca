"""What about a machine would spoil a measurement, with the remedy."""

from enum import StrEnum

import msgspec

from benchrace.telemetry.hardware import GpuKind, Hardware
from benchrace.telemetry.power import Power

# These drivers call their ordinary, fully dynamic mode `powersave`.
_SELF_CLOCKING = {"intel_pstate", "amd-pstate-epp", "amd_pstate_epp"}
_NEAR_LIMIT_C = 5.0


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


class Problem(msgspec.Struct, frozen=True):
    """One finding: `message` says what was seen, `remedy` what to do."""

    code: ProblemCode
    message: str
    remedy: str


def power_problems(power: Power) -> tuple[Problem, ...]:
    """Judge power, clocks and heat."""
    found = (
        _governor(power),
        _battery(power),
        _low_power(power),
        _turbo(power),
        _hot(power),
        _voltage(power),
        _throttled(power),
    )
    return tuple(problem for problem in found if problem is not None)


def shape_problems(
    hardware: Hardware, quota: float | None, translated: bool
) -> tuple[Problem, ...]:
    """Judge what the process was given: its share of the processor, its GPUs, its own code."""
    found: list[Problem] = []
    logical = hardware.cpu.logical_cores
    if quota is not None and (logical is None or quota < logical):
        message = f"the control group allows {quota:g} of {logical} processors"
        remedy = "Raise the container's CPU limit, or keep threads at or below it."
        found.append(Problem(ProblemCode.CPU_QUOTA, message, remedy))
    for gpu in hardware.gpus:
        # Intel's is no accelerator here: there is nothing to make ready.
        if not gpu.ready and gpu.kind in (GpuKind.NVIDIA, GpuKind.AMD):
            message = f"{gpu.name or gpu.vendor + ' GPU'} is there, but its compute driver is not"
            remedy = "Install its driver (CUDA or ROCm), and pass the GPU into the container."
            found.append(Problem(ProblemCode.GPU_NOT_READY, message, remedy))
    if translated:
        message = "this Python is for Intel and runs under Rosetta"
        found.append(Problem(ProblemCode.TRANSLATED, message, "Install Python for arm64."))
    return tuple(found)


def _governor(power: Power) -> Problem | None:
    remedy = "Choose the performance governor: cpupower frequency-set -g performance"
    if power.driver in _SELF_CLOCKING and power.governor == "powersave":
        if power.preference in ("power", "balance_power"):
            message = f"the processor prefers to save energy ({power.preference})"
            return Problem(ProblemCode.GOVERNOR, message, remedy)
        return None
    if power.governor in ("powersave", "conservative"):
        return Problem(ProblemCode.GOVERNOR, f"the CPU governor is {power.governor}", remedy)
    return None


def _battery(power: Power) -> Problem | None:
    if not power.on_battery:
        return None
    level = "" if power.battery_percent is None else f" ({power.battery_percent} %)"
    return Problem(ProblemCode.ON_BATTERY, f"it runs on battery{level}", "Plug it in.")


def _low_power(power: Power) -> Problem | None:
    if power.low_power_mode:
        remedy = "Switch Low Power Mode off in the system's settings."
        return Problem(ProblemCode.LOW_POWER_MODE, "Low Power Mode is on", remedy)
    if power.profile in ("low-power", "quiet", "cool"):
        message = f"the firmware's power profile is {power.profile}"
        remedy = "Choose another: powerprofilesctl set performance"
        return Problem(ProblemCode.LOW_POWER_MODE, message, remedy)
    return None


def _turbo(power: Power) -> Problem | None:
    if power.turbo is not False:
        return None
    remedy = "Nothing, where it was meant (it steadies results); else allow it in BIOS or /sys."
    return Problem(ProblemCode.TURBO_OFF, "turbo clocks are switched off", remedy)


def _hot(power: Power) -> Problem | None:
    now, limit = power.thermal_c, power.thermal_limit_c
    if now is None or limit is None or now < limit - _NEAR_LIMIT_C:
        return None
    message = f"it is at {now:g} °C, its limit is {limit:g} °C"
    return Problem(ProblemCode.HOT, message, "Let it cool, or clean its fans.")


def _voltage(power: Power) -> Problem | None:
    if not power.undervolted:
        return None
    remedy = "Use a stronger power supply and a short cable."
    return Problem(ProblemCode.UNDERVOLTED, "its supply voltage is too low", remedy)


def _throttled(power: Power) -> Problem | None:
    if not power.throttled:
        return None
    remedy = "Cool the board, and see to its power supply."
    return Problem(ProblemCode.THROTTLED, "its firmware lowers the clock now", remedy)
