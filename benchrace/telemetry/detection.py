"""Detect one machine's hardware."""

import msgspec

from benchrace.telemetry import plausible
from benchrace.telemetry.cpu.cpu import linux_cpu
from benchrace.telemetry.gpu.drm import card_gpu, cards
from benchrace.telemetry.gpu.nvidia import nvidia_gpus
from benchrace.telemetry.hardware import (
    GIB,
    AcceleratorType,
    Gpu,
    GpuKind,
    Hardware,
    Notes,
)
from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.overrides import HardwareOverrides, Overriding
from benchrace.telemetry.system.apple import (
    Sysctl,
    apple_cpu,
    apple_gpus,
    apple_memory,
    apple_system,
    apple_virtualisation,
)
from benchrace.telemetry.system.cgroup import limits
from benchrace.telemetry.system.linux import linux_product, linux_system, linux_virtualisation
from benchrace.telemetry.system.memory import linux_memory

# Where several could compute, the first of these is the accelerator.
_ACCELERATORS = (
    (GpuKind.NVIDIA, AcceleratorType.CUDA),
    (GpuKind.AMD, AcceleratorType.ROCM),
    (GpuKind.APPLE, AcceleratorType.METAL),
)


def detect(root: Root, overrides: HardwareOverrides | None = None) -> Hardware:
    """Detect the machine's hardware; what `overrides` sets wins.

    Blocks (files, NVML, on a Mac two commands). Raises InvalidInput for overrides that name a
    GPU which is not there.
    """
    notes = Notes()
    hardware = _apple(root, notes) if root.platform.system == "Darwin" else _linux(root, notes)
    hardware = plausible.hardware(hardware, notes)
    applied = Overriding(overrides or HardwareOverrides(), notes)
    memory = applied.memory(hardware.memory)
    gpus = applied.gpus(_resized(hardware.gpus, memory.total_bytes), memory.total_bytes)
    kind, size = applied.accelerator(*accelerator(gpus))
    if size is None:
        reason = "there is no accelerator" if kind is AcceleratorType.CPU else "its size is unknown"
        notes.say("accelerator_memory_gb", reason)
    return Hardware(
        product=hardware.product,
        cpu=applied.cpu(hardware.cpu),
        memory=memory,
        gpus=gpus,
        accelerator_type=kind,
        accelerator_memory_gb=size,
        os=hardware.os,
        virtualisation=hardware.virtualisation,
        notes=notes.lines(),
        overridden=applied.paths,
    )


def accelerator(gpus: tuple[Gpu, ...]) -> tuple[AcceleratorType, float | None]:
    """Choose the accelerator, with the GiB of its GPUs; unified only where none has its own."""
    for kind, accelerator_type in _ACCELERATORS:
        ready = [gpu for gpu in gpus if gpu.kind is kind and gpu.ready]
        if ready:
            own = sum(gpu.memory_bytes or 0 for gpu in ready if not gpu.unified)
            shared = max((gpu.memory_bytes or 0 for gpu in ready if gpu.unified), default=0)
            total = own or shared
            return accelerator_type, round(total / GIB, 1) if total else None
    return AcceleratorType.CPU, None


def _linux(root: Root, notes: Notes) -> Hardware:
    group = limits(root)
    memory = linux_memory(root, group, notes)
    return Hardware(
        product=linux_product(root, notes),
        cpu=linux_cpu(root, group, notes),
        memory=memory,
        gpus=_linux_gpus(root, memory.total_bytes, notes),
        accelerator_type=AcceleratorType.CPU,
        os=linux_system(root, notes),
        virtualisation=linux_virtualisation(root, notes),
    )


def _linux_gpus(root: Root, memory: int | None, notes: Notes) -> tuple[Gpu, ...]:
    # NVIDIA's come first, so that their place in the list is NVML's number.
    gpus = list(nvidia_gpus(root, memory, notes))
    for card in cards(root):
        if card.kind is not GpuKind.NVIDIA:
            gpus.append(card_gpu(root, card, len(gpus), memory, notes))
    if gpus:
        notes.drop("gpus")
    return tuple(gpus)


def _apple(root: Root, notes: Notes) -> Hardware:
    sysctl = Sysctl(root)
    memory = apple_memory(sysctl, notes)
    return Hardware(
        product=notes.need("product", sysctl.text("hw.model"), "sysctl does not report it"),
        cpu=apple_cpu(root, sysctl, notes),
        memory=memory,
        gpus=apple_gpus(root, sysctl, memory.total_bytes, notes),
        accelerator_type=AcceleratorType.CPU,
        os=apple_system(root, sysctl, notes),
        virtualisation=apple_virtualisation(sysctl, notes),
    )


def _resized(gpus: tuple[Gpu, ...], memory: int | None) -> tuple[Gpu, ...]:
    """Set the size of unified GPUs to the configured memory."""
    return tuple(
        msgspec.structs.replace(gpu, memory_bytes=memory) if gpu.unified else gpu for gpu in gpus
    )
