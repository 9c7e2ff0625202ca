"""The older capabilities answer: flat keys, null where this machine cannot tell."""

from typing import Any

import msgspec

from benchrace.link.capabilities import BackendStatus, Capabilities
from benchrace.link.version import PROTOCOL
from benchrace.plugin.description import PluginDescription, WorkloadDescription
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Model, Problem
from benchrace.telemetry.environment import Environment
from benchrace.telemetry.hardware import GIB, Hardware


class BackendAnswer(msgspec.Struct, frozen=True, kw_only=True):
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


class CapabilitiesAnswer(msgspec.Struct, frozen=True, kw_only=True):
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
    backends: tuple[BackendAnswer, ...]
    fingerprint: str
    protocol: str
    version: str
    hardware: Hardware
    environment: Environment
    plugins: tuple[PluginDescription, ...]


def capabilities_answer(known: Capabilities) -> CapabilitiesAnswer:
    """Flatten what is known of a machine. Pure."""
    hardware = known.hardware
    total = hardware.memory.total_bytes
    gpu = hardware.primary_gpu
    legacy = _Legacy(known)
    return CapabilitiesAnswer(
        machine_id=known.machine_id,
        label=known.label,
        tests=_kinds(known),
        llm_models=legacy.names("llm_models", _models(known, "llm_generate")),
        whisper_models=legacy.names("whisper_models", _models(known, "transcribe")),
        sdxl_profiles=legacy.names("sdxl_profiles", _models(known, "txt2img")),
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
        backends=tuple(_flat(status) for status in known.backends),
        fingerprint=known.fingerprint,
        protocol=PROTOCOL,
        version=known.version,
        hardware=hardware,
        environment=known.environment,
        plugins=known.plugins,
    )


def _kinds(known: Capabilities) -> tuple[str, ...]:
    kinds = {each.kind for status in known.backends for each in status.description.workloads}
    return tuple(sorted(kinds))


def _models(known: Capabilities, kind: str) -> tuple[str, ...]:
    offering = [
        status
        for status in known.backends
        if any(each.kind == kind for each in status.description.workloads)
    ]
    return tuple(sorted({model.name for status in offering for model in status.models}))


class _Legacy:
    """The backends' own parts put together; what is no name and no flag is left out."""

    def __init__(self, known: Capabilities) -> None:
        self._parts = [status.legacy for status in known.backends]

    def names(self, key: str, others: tuple[str, ...] = ()) -> tuple[str, ...]:
        found = set(others)
        for part in self._parts:
            match part.get(key):
                case list() | tuple() as named:
                    found |= {each for each in named if isinstance(each, str)}
        return tuple(sorted(found))

    def flag(self, key: str) -> bool | None:
        """True where any says so, null where none says anything."""
        said = [part[key] for part in self._parts if isinstance(part.get(key), bool)]
        return any(said) if said else None


def _flat(status: BackendStatus) -> BackendAnswer:
    described = status.description
    return BackendAnswer(
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
