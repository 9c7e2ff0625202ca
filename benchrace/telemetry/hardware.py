"""A machine's hardware. Null is unknown, and `notes` says why, by the field's path."""

from enum import StrEnum
from typing import TypeVar

import msgspec

GIB = 1 << 30
T = TypeVar("T")


class CoreKind(StrEnum):
    PERFORMANCE = "performance"
    EFFICIENCY = "efficiency"


class CoreGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The cores of one kind, on a processor that has two."""

    kind: CoreKind
    model: str | None = None
    physical_cores: int | None = None
    logical_cores: int | None = None
    max_mhz: float | None = None


class Caches(msgspec.Struct, frozen=True, kw_only=True):
    """The largest cache of each level, one of it (not the sum over cores), in bytes."""

    l1d_bytes: int | None = None
    l2_bytes: int | None = None
    l3_bytes: int | None = None


class Cpu(msgspec.Struct, frozen=True, kw_only=True):
    """`usable_threads` is what affinity and the cgroup's quota leave to this process."""

    model: str | None = None
    vendor: str | None = None
    architecture: str
    physical_cores: int | None = None
    logical_cores: int | None = None
    usable_threads: int | None = None
    base_mhz: float | None = None
    max_mhz: float | None = None
    caches: Caches = Caches()
    features: tuple[str, ...] = ()
    core_groups: tuple[CoreGroup, ...] = ()


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """`usable_bytes` is the total, or the cgroup's limit where that is less."""

    total_bytes: int | None = None
    usable_bytes: int | None = None
    swap_bytes: int | None = None


class GpuKind(StrEnum):
    NVIDIA = "nvidia"
    AMD = "amd"
    APPLE = "apple"
    INTEL = "intel"


class AcceleratorType(StrEnum):
    CUDA = "cuda"
    ROCM = "rocm"
    METAL = "metal"
    CPU = "cpu"


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU; where `unified`, it works in system memory and `vram_bytes` is null.

    `memory_bytes` is what it may fill: its own memory, or the system's where unified.
    `power_limit_w` is what its driver keeps it to. `ready` says that its compute driver answers.
    """

    index: int
    kind: GpuKind
    vendor: str
    name: str | None = None
    uuid: str | None = None
    vram_bytes: int | None = None
    memory_bytes: int | None = None
    unified: bool = False
    compute_capability: str | None = None
    driver_version: str | None = None
    power_limit_w: float | None = None
    ready: bool = False


class OperatingSystem(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    version: str | None = None
    kernel: str | None = None


class Virtualisation(StrEnum):
    """The hypervisor below, as far as it is visible."""

    NONE = "none"
    KVM = "kvm"
    VMWARE = "vmware"
    VIRTUALBOX = "virtualbox"
    HYPERV = "hyperv"
    XEN = "xen"
    PARALLELS = "parallels"
    APPLE = "apple"
    OTHER = "other"


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """One machine. `notes`: `path: reason`; `overridden`: paths that the configuration set.

    `accelerator_memory_gb` is in GiB, over all GPUs of the accelerator's kind that have their
    own memory; where none has, it is the system's.
    """

    product: str | None = None
    cpu: Cpu
    memory: Memory
    gpus: tuple[Gpu, ...] = ()
    accelerator_type: AcceleratorType
    accelerator_memory_gb: float | None = None
    os: OperatingSystem
    virtualisation: Virtualisation | None = None
    notes: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()

    @property
    def primary_gpu(self) -> Gpu | None:
        """Return the GPU to name where only one is: ready, with its own memory, the largest."""
        return max(self.gpus, key=_rank, default=None)


class Notes:
    """Gathers the reasons of one detection."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}

    def say(self, path: str, reason: str) -> None:
        """Record the reason of a path; the first one stays, as it is the nearest to the cause."""
        self._lines.setdefault(path, reason)

    def need(self, path: str, value: T | None, reason: str) -> T | None:
        """Pass a value on, with a note where it is null."""
        if value is None:
            self.say(path, reason)
        return value

    def drop(self, path: str) -> None:
        """Remove the note of a path whose value is known after all."""
        self._lines.pop(path, None)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"{path}: {reason}" for path, reason in self._lines.items())


def _rank(gpu: Gpu) -> tuple[bool, bool, int, int]:
    return gpu.ready, not gpu.unified, gpu.memory_bytes or 0, -gpu.index
