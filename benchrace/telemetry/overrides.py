"""What a machine's owner says of it in the configuration: it wins over what was detected."""

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
        self._given = overrides
        self._notes = notes
        self._paths: list[str] = []

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._paths)

    def cpu(self, cpu: Cpu) -> Cpu:
        given = self._given
        return msgspec.structs.replace(
            cpu,
            model=self._pick("cpu.model", given.cpu_model, cpu.model),
            physical_cores=self._pick(
                "cpu.physical_cores", given.physical_cores, cpu.physical_cores
            ),
            logical_cores=self._pick("cpu.logical_cores", given.logical_cores, cpu.logical_cores),
            usable_threads=self._pick(
                "cpu.usable_threads", given.usable_threads, cpu.usable_threads
            ),
        )

    def memory(self, memory: Memory) -> Memory:
        given = self._given.memory_bytes
        if given is None:
            return memory
        usable = min(given, memory.usable_bytes or given)
        self._notes.drop("memory.usable_bytes")
        return msgspec.structs.replace(
            memory,
            total_bytes=self._pick("memory.total_bytes", given, None),
            usable_bytes=usable,
        )

    def gpus(self, gpus: tuple[Gpu, ...], memory: int | None) -> tuple[Gpu, ...]:
        """Change or add GPUs. Raises InvalidInput for an index with no GPU and no kind."""
        known = list(gpus)
        for position, given in enumerate(self._given.gpus):
            if not 0 <= given.index < len(known):
                known.append(_added(given, position, len(known)))
            known[given.index] = self._gpu(known[given.index], given, memory)
        return tuple(known)

    def accelerator(
        self, kind: AcceleratorType, memory_gb: float | None
    ) -> tuple[AcceleratorType, float | None]:
        chosen = self._pick("accelerator_type", self._given.accelerator_type, kind) or kind
        given = self._given.accelerator_memory_gb
        return chosen, self._pick("accelerator_memory_gb", given, memory_gb)

    def _gpu(self, gpu: Gpu, given: GpuOverride, memory: int | None) -> Gpu:
        where = f"gpus[{gpu.index}]"
        kind = self._pick(f"{where}.kind", given.kind, gpu.kind) or gpu.kind
        unified = bool(self._pick(f"{where}.unified", given.unified, gpu.unified))
        vram = self._pick(f"{where}.vram_bytes", given.vram_bytes, gpu.vram_bytes)
        # An owner who gives a size means what the GPU may fill, on unified memory as well.
        size = vram if given.vram_bytes or not unified else memory
        if size is not None:
            self._notes.drop(f"{where}.memory_bytes")
        return msgspec.structs.replace(
            gpu,
            kind=kind,
            vendor=_VENDORS[kind],
            name=self._pick(f"{where}.name", given.name, gpu.name),
            unified=unified,
            vram_bytes=vram,
            memory_bytes=size,
            compute_capability=self._pick(
                f"{where}.compute_capability", given.compute_capability, gpu.compute_capability
            ),
            driver_version=self._pick(
                f"{where}.driver_version", given.driver_version, gpu.driver_version
            ),
            ready=bool(self._pick(f"{where}.ready", given.ready, gpu.ready)),
        )

    def _pick(self, path: str, given: T | None, found: T | None) -> T | None:
        if given is None:
            return found
        self._paths.append(path)
        self._notes.drop(path)
        return given


def _added(given: GpuOverride, position: int, count: int) -> Gpu:
    if given.kind is None or given.index != count:
        path = f"gpus[{position}]"
        message = f"this machine has {count} GPUs; to add one, give index {count} and its kind"
        raise InvalidInput(FieldError(path, message))
    return Gpu(index=count, kind=given.kind, vendor=_VENDORS[given.kind])
