"""Plausibility limits for drivers, sensors and engines: beyond them a number is null.

The one place that says which numbers are possible. "Not available" comes as all bits set, as
-1 cast to unsigned, or as a temperature below absolute zero, and no reader should have to know.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from benchrace.events.payloads import EnergyCounter, RuntimeSamplePayload
from benchrace.plugin.readiness import Model, Probe
from benchrace.telemetry.hardware import Gpu, Hardware, Notes

S = TypeVar("S", bound=msgspec.Struct)
Number = int | float
_PERCENT = (0, 100)
_CELSIUS = (-60, 150)
_MHZ = (0, 100_000)
_BYTES = (0, 1 << 50)
_COUNT = (1, 1 << 20)

# Wide on purpose: they catch impossible readings, not unusual ones.
_RANGES: Mapping[str, tuple[Number, Number]] = {
    "cpu_percent": _PERCENT,
    "utilization_percent": _PERCENT,
    "battery_percent": _PERCENT,
    "temperature_c": _CELSIUS,
    "cpu_temperature_c": _CELSIUS,
    "thermal_c": _CELSIUS,
    "thermal_limit_c": (0, 200),
    "power_w": (0, 10_000),
    "power_limit_w": (1, 10_000),
    "energy_mj": (0, 10**16),
    "range_mj": (1, 10**16),
    "clock_sm_mhz": _MHZ,
    "clock_memory_mhz": _MHZ,
    "cpu_frequency_mhz": _MHZ,
    "base_mhz": _MHZ,
    "max_mhz": _MHZ,
    "load_1m": (0, 1_000_000),
    "throttle_bits": (0, (1 << 31) - 1),
    "cpu_throttle_count": (0, 1 << 62),
    "cpu_count": _COUNT,
    "physical_cores": _COUNT,
    "logical_cores": _COUNT,
    "usable_threads": _COUNT,
    "memory_used_bytes": _BYTES,
    "memory_available_bytes": _BYTES,
    "memory_total_bytes": _BYTES,
    "total_bytes": _BYTES,
    "usable_bytes": _BYTES,
    "swap_bytes": _BYTES,
    "memory_bytes": _BYTES,
    "vram_bytes": _BYTES,
    "l1d_bytes": _BYTES,
    "l2_bytes": _BYTES,
    "l3_bytes": _BYTES,
    "size": _BYTES,
    "freed": _BYTES,
    "compute_buffer": _BYTES,
    "vram": _BYTES,
    "total": _BYTES,
    "parameters": (0, 10**15),
    "active_bytes": _BYTES,
    "active_parameters": (0, 10**15),
    "layers": (0, 100_000),
    "width": (0, 1 << 24),
    "slots": _COUNT,
    "context": (0, 1 << 40),
    "context_length": (0, 1 << 40),
}
_MAX_VALUES = {
    "memory_used_bytes": "memory_total_bytes",
    "memory_available_bytes": "memory_total_bytes",
    "vram": "total",
}


def reason(name: str, value: Number | None) -> str | None:
    """Return why a number of this name cannot be meant; None where it can, or is null."""
    if value is None:
        return None
    low, high = _RANGES[name]
    # Not a number is neither below nor above.
    return None if low <= value <= high else f"{value} is not possible ({low} to {high})"


def checked(record: S) -> tuple[S, dict[str, str]]:
    """Return the record with null for what cannot be, and the reasons by field."""
    values = {name: getattr(record, name) for name in record.__struct_fields__ if name in _RANGES}
    reasons = {name: why for name, value in values.items() if (why := reason(name, value))}
    for name, limit in _MAX_VALUES.items():
        value, most = values.get(name), values.get(limit)
        if value is None or most is None or name in reasons or limit in reasons:
            continue
        if value > most:
            reasons[name] = f"{value} is more than {limit}, {most}"
    if not reasons:
        return record, reasons
    return msgspec.structs.replace(record, **dict.fromkeys(reasons)), reasons


def sample(taken: RuntimeSamplePayload) -> RuntimeSamplePayload:
    """Check a machine at one instant, with its GPUs."""
    gpus = []
    for gpu in taken.gpus:
        good, reasons = checked(gpu)
        gpus.append(msgspec.structs.replace(good, notes=good.notes + _lines(reasons)))
    machine, wrong = checked(taken)
    energy = tuple(_counter(counter) for counter in taken.energy)
    return msgspec.structs.replace(machine, gpus=tuple(gpus), energy=energy, notes=_lines(wrong))


def hardware(detected: Hardware, notes: Notes) -> Hardware:
    """Check what a machine is made of; reasons go into the notes, by the field's path."""
    return msgspec.structs.replace(
        detected,
        cpu=msgspec.structs.replace(
            noted(detected.cpu, "cpu", notes),
            caches=noted(detected.cpu.caches, "cpu.caches", notes),
            core_groups=tuple(
                noted(group, f"cpu.core_groups[{at}]", notes)
                for at, group in enumerate(detected.cpu.core_groups)
            ),
        ),
        memory=noted(detected.memory, "memory", notes),
        gpus=tuple(_gpu(gpu, notes) for gpu in detected.gpus),
    )


def noted(record: S, where: str, notes: Notes) -> S:
    """Check a part of a machine, with its reasons in the notes."""
    good, reasons = checked(record)
    for name, why in reasons.items():
        notes.say(f"{where}.{name}", why)
    return good


def probe(answer: Probe) -> Probe:
    """Check what an engine reports about its models."""
    return msgspec.structs.replace(answer, models=tuple(_model(model) for model in answer.models))


def _counter(counter: EnergyCounter) -> EnergyCounter:
    good, reasons = checked(counter)
    return msgspec.structs.replace(good, reason="; ".join(_lines(reasons))) if reasons else good


def _gpu(gpu: Gpu, notes: Notes) -> Gpu:
    return noted(gpu, f"gpus[{gpu.index}]", notes)


def _model(model: Model) -> Model:
    good, reasons = checked(model)
    lines = _lines(reasons)
    if model.loaded is not None:
        loaded, wrong = checked(model.loaded)
        good = msgspec.structs.replace(good, loaded=loaded)
        lines += tuple(f"loaded.{line}" for line in _lines(wrong))
    sizes = [
        number
        for kv in model.kv
        for number in (kv.count, kv.kv_heads, kv.k_dim, kv.v_dim, kv.k_bytes, kv.v_bytes)
    ]
    if any(not 0 <= number <= 1 << 20 for number in sizes):
        good = msgspec.structs.replace(good, kv=())
        lines += ("kv: what it keeps of a position is not possible",)
    return msgspec.structs.replace(good, notes=lines) if lines else good


def _lines(reasons: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}: {why}" for name, why in reasons.items())
