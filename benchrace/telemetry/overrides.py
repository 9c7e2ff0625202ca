"""Hardware set in the configuration, which wins over what was detected."""

from typing import TypeVar

import msgspec

from benchrace.errors import FieldError, InvalidInput
from benchrace.telemetry.hardware import AcceleratorType, Cpu, Gpu, GpuKind, Memory, Notes

T = TypeVar("T")

_VENDORS = {
    GpuKind.NVIDIA: "NVIDIA",
    GpuKind.AMD: "AMD",
    GpuKind.APPLE: "Apple",
    GpuKind.INTEL: "Intel",
}


class GpuOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sets fields of the GPU at `index`; one past the last, with `kind`, adds a GPU."""

    index: int = 0
    kind: GpuKind | None = None
    name: str | None = None
    vram_bytes: int | None = None
    unified: bool | None = None
    compute_capability: str | None = None
    driver_version: str | None = None
    ready: bool | None = None


class HardwareOverrides(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A null leaves what was detected."""

    cpu_model: str | None = None
    physical_cores: int | None = None
    logical_cores: int | None = None
    usable_threads: int | None = None
    memory_bytes: int | None = None
    accelerator_type: AcceleratorType | None = None
    accelerator_memory_gb: float | None = None
    gpus: tuple[GpuOverride, ...] = ()


class Overriding:
    """Applies overrides, and remembers which fields they set."""

    def __init__(self, overrides: HardwareOverrides, notes: Notes) -> None:
        self._overrides = overrides
        self._notes = notes
        self._paths: list[str] = []

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._paths)

    def cpu(self, cpu: Cpu) -> Cpu:
        overrides = self._overrides
        return msgspec.structs.replace(
            cpu,
            model=self._pick("cpu.model", overrides.cpu_model, cpu.model),
            physical_cores=self._pick(
                "cpu.physical_cores", overrides.physical_cores, cpu.physical_cores
            ),
            logical_cores=self._pick(
                "cpu.logical_cores", overrides.logical_cores, cpu.logical_cores
            ),
            usable_threads=self._pick(
                "cpu.usable_threads", overrides.usable_threads, cpu.usable_threads
            ),
        )

    def memory(self, memory: Memory) -> Memory:
        memory_bytes = self._overrides.memory_bytes
        if memory_bytes is None:
            return memory
        usable = min(memory_bytes, memory.usable_bytes or memory_bytes)
        self._notes.drop("memory.usable_bytes")
        return msgspec.structs.replace(
            memory,
            total_bytes=self._pick("memory.total_bytes", memory_bytes, None),
            usable_bytes=usable,
        )

    def gpus(self, gpus: tuple[Gpu, ...], memory: int | None) -> tuple[Gpu, ...]:
        """Change or add GPUs. Raises InvalidInput for an index with no GPU and no kind."""
        detected = list(gpus)
        for position, override in enumerate(self._overrides.gpus):
            if not 0 <= override.index < len(detected):
                detected.append(_added(override, position, len(detected)))
            detected[override.index] = self._gpu(detected[override.index], override, memory)
        return tuple(detected)

    def accelerator(
        self, kind: AcceleratorType, memory_gb: float | None
    ) -> tuple[AcceleratorType, float | None]:
        chosen = self._pick("accelerator_type", self._overrides.accelerator_type, kind) or kind
        override_gb = self._overrides.accelerator_memory_gb
        return chosen, self._pick("accelerator_memory_gb", override_gb, memory_gb)

    def _gpu(self, gpu: Gpu, override: GpuOverride, memory: int | None) -> Gpu:
        where = f"gpus[{gpu.index}]"
        kind = self._pick(f"{where}.kind", override.kind, gpu.kind) or gpu.kind
        unified = bool(self._pick(f"{where}.unified", override.unified, gpu.unified))
        vram = self._pick(f"{where}.vram_bytes", override.vram_bytes, gpu.vram_bytes)
        # An owner who gives a size means what the GPU may fill, on unified memory as well.
        size = vram if override.vram_bytes or not unified else memory
        if size is not None:
            self._notes.drop(f"{where}.memory_bytes")
        return msgspec.structs.replace(
            gpu,
            kind=kind,
            vendor=_VENDORS[kind],
            name=self._pick(f"{where}.name", override.name, gpu.name),
            unified=unified,
            vram_bytes=vram,
            memory_bytes=size,
            compute_capability=self._pick(
                f"{where}.compute_capability", override.compute_capability, gpu.compute_capability
            ),
            driver_version=self._pick(
                f"{where}.driver_version", override.driver_version, gpu.driver_version
            ),
            ready=bool(self._pick(f"{where}.ready", override.ready, gpu.ready)),
        )

    def _pick(self, path: str, override: T | None, detected: T | None) -> T | None:
        if override is None:
            return detected
        self._paths.append(path)
        self._notes.drop(path)
        return override


def _added(override: GpuOverride, position: int, count: int) -> Gpu:
    if override.kind is None or override.index != count:
        path = f"gpus[{position}]"
        message = f"this machine has {count} GPUs; to add one, give index {count} and its kind"
        raise InvalidInput(FieldError(path, message))
    return Gpu(index=count, kind=override.kind, vendor=_VENDORS[override.kind])
