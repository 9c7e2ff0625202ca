"""A GPU as `machines.yaml` describes it, in place of what the agent detected."""

from typing import Any

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import Capabilities
from benchrace.telemetry.hardware import Hardware, Notes
from benchrace.telemetry.overrides import GpuOverride, HardwareOverrides, Overriding


def overridden(
    capabilities: Capabilities, gpu: dict[str, Any]
) -> tuple[Capabilities, Problem | None]:
    """Return the capabilities with a GPU changed or added, or as they are and why."""
    try:
        override = structs.convert(gpu, GpuOverride)
        hardware = _applied(capabilities.hardware, override)
    except (msgspec.ValidationError, BenchraceError) as error:
        what = f"`gpu` in machines.yaml is not used: {error}"
        return capabilities, Problem(message=what, remedy="Correct it, and restart central.")
    return msgspec.structs.replace(capabilities, hardware=hardware), None


def _applied(hardware: Hardware, override: GpuOverride) -> Hardware:
    # Only machines with an override need it, and it reads much of a machine.
    from benchrace.telemetry.detection import accelerator

    applied = Overriding(HardwareOverrides(gpus=(override,)), Notes())
    gpus = applied.gpus(hardware.gpus, hardware.memory.total_bytes)
    kind, size_gb = accelerator(gpus)
    return msgspec.structs.replace(
        hardware,
        gpus=gpus,
        accelerator_type=kind,
        accelerator_memory_gb=hardware.accelerator_memory_gb if size_gb is None else size_gb,
        overridden=tuple(dict.fromkeys((*hardware.overridden, *applied.paths))),
    )
