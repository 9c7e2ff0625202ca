"""The older capabilities answer: flat keys, null where the value is unknown."""

from typing import Any

import msgspec

from benchrace.plugin.description import PluginDescription, WorkloadDescription
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model, Problem
from benchrace.protocol.capabilities import BackendStatus, Capabilities
from benchrace.protocol.version import PROTOCOL
from benchrace.telemetry.environment import Environment
from benchrace.telemetry.hardware import GIB, Hardware


class FlatBackend(msgspec.Struct, frozen=True, kw_only=True):
    """A backend flat: `version` is the engine's, or the backend's where that is unknown."""

    name: str
    title: str
    plugin: str
    version: str | None
    reachable: bool | None
    models: tuple[Model, ...]
    workloads: tuple[WorkloadDescription, ...]
    problems: tuple[Problem, ...]
    operations: tuple[Operation, ...]
    config_schema: dict[str, Any] | None
    stops_at: float | None


class AgentCapabilitiesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /capabilities`: older keys first, then the native ones. Sizes say their unit."""

    machine_id: str
    label: str
    tests: tuple[str, ...]
    llm_models: tuple[str, ...]
    whisper_models: tuple[str, ...]
    sdxl_profiles: tuple[str, ...]
    accelerator_type: str
    accelerator_memory_gb: float | None
    system_memory_gb: float | None
    gpu_name: str | None
    gpu_vram_bytes: int | None
    gpu_type: str | None
    cuda_compute: str | None
    cpu_cores: int | None
    cpu_physical_cores: int | None
    total_system_ram_bytes: int | None
    ollama_reachable: bool | None
    ollama_models: tuple[str, ...]
    comfyui_gpu_ok: bool | None
    comfyui_cpu_ok: bool | None
    backends: tuple[FlatBackend, ...]
    fingerprint: str
    protocol: str
    version: str
    hardware: Hardware
    environment: Environment
    plugins: tuple[PluginDescription, ...]


def capabilities_answer(capabilities: Capabilities) -> AgentCapabilitiesAnswer:
    """Flatten what is known of a machine. Pure."""
    hardware = capabilities.hardware
    total = hardware.memory.total_bytes
    gpu = hardware.primary_gpu
    legacy = _Legacy(capabilities)
    return AgentCapabilitiesAnswer(
        machine_id=capabilities.machine_id,
        label=capabilities.label,
        tests=_kinds(capabilities),
        llm_models=legacy.names("llm_models", _models(capabilities, "llm_generate")),
        whisper_models=legacy.names("whisper_models", _models(capabilities, "transcribe")),
        sdxl_profiles=legacy.names("sdxl_profiles", _models(capabilities, "txt2img")),
        accelerator_type=hardware.accelerator_type,
        accelerator_memory_gb=hardware.accelerator_memory_gb,
        system_memory_gb=None if total is None else round(total / GIB, 1),
        gpu_name=None if gpu is None else gpu.name,
        gpu_vram_bytes=None if gpu is None else gpu.memory_bytes,
        gpu_type=None if gpu is None else gpu.kind,
        cuda_compute=None if gpu is None else gpu.compute_capability,
        cpu_cores=hardware.cpu.logical_cores,
        cpu_physical_cores=hardware.cpu.physical_cores,
        total_system_ram_bytes=total,
        ollama_reachable=legacy.flag("ollama_reachable"),
        ollama_models=legacy.names("ollama_models"),
        comfyui_gpu_ok=legacy.flag("comfyui_gpu_ok"),
        comfyui_cpu_ok=legacy.flag("comfyui_cpu_ok"),
        backends=tuple(_flat(status) for status in capabilities.backends),
        fingerprint=capabilities.fingerprint,
        protocol=PROTOCOL,
        version=capabilities.version,
        hardware=hardware,
        environment=capabilities.environment,
        plugins=capabilities.plugins,
    )


def _kinds(capabilities: Capabilities) -> tuple[str, ...]:
    kinds = {
        workload.kind
        for status in capabilities.backends
        for workload in status.description.workloads
    }
    return tuple(sorted(kinds))


def _models(capabilities: Capabilities, kind: str) -> tuple[str, ...]:
    offering = [
        status
        for status in capabilities.backends
        if any(workload.kind == kind for workload in status.description.workloads)
    ]
    return tuple(sorted({model.name for status in offering for model in status.models}))


class _Legacy:
    """The backends' own parts merged; invalid names and flags are left out."""

    def __init__(self, capabilities: Capabilities) -> None:
        self._parts = [status.legacy for status in capabilities.backends]

    def names(self, key: str, others: tuple[str, ...] = ()) -> tuple[str, ...]:
        names = set(others)
        for part in self._parts:
            match part.get(key):
                case list() | tuple() as named:
                    names |= {name for name in named if isinstance(name, str)}
        return tuple(sorted(names))

    def flag(self, key: str) -> bool | None:
        """Return true where any part is true, None where none has the flag."""
        flags = [part[key] for part in self._parts if isinstance(part.get(key), bool)]
        return any(flags) if flags else None


def _flat(status: BackendStatus) -> FlatBackend:
    described = status.description
    return FlatBackend(
        name=described.name,
        title=described.title,
        plugin=status.plugin,
        version=status.engine_version or described.version,
        reachable=status.reachable,
        models=status.models,
        workloads=described.workloads,
        problems=status.problems,
        operations=described.operations,
        config_schema=described.config_schema,
        stops_at=status.stops_at,
    )
