"""A fingerprint of what a machine can do, stable as long as that is."""

import hashlib

import msgspec

from benchrace.telemetry.hardware import Gpu, Hardware

# A change of this recipe must change every fingerprint: its number is hashed with the rest.
_RECIPE = 1
_LENGTH = 16


class _Essence(msgspec.Struct, frozen=True):
    recipe: int
    cpu: str | None
    architecture: str
    physical_cores: int | None
    logical_cores: int | None
    usable_threads: int | None
    memory: int | None
    usable_memory: int | None
    gpus: tuple[tuple[str, str | None, int | None, bool], ...]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The fingerprint, and beside it what changes results on the same machine."""

    fingerprint: str
    driver: str | None
    kernel: str | None


def fingerprint(hardware: Hardware) -> str:
    """Hash the capability to 16 hex digits.

    In it: processor, cores and usable threads, memory and GPUs with theirs, in no order.
    Not in it: host name, driver, kernel, system, clocks, notes.
    """
    cpu, memory = hardware.cpu, hardware.memory
    essence = _Essence(
        recipe=_RECIPE,
        cpu=_plain(cpu.model),
        architecture=cpu.architecture,
        physical_cores=cpu.physical_cores,
        logical_cores=cpu.logical_cores,
        usable_threads=cpu.usable_threads,
        memory=rounded(memory.total_bytes),
        usable_memory=rounded(memory.usable_bytes),
        gpus=tuple(sorted((_gpu(gpu) for gpu in hardware.gpus), key=repr)),
    )
    return hashlib.sha256(msgspec.json.encode(essence)).hexdigest()[:_LENGTH]


def identity(hardware: Hardware) -> Identity:
    """Return the fingerprint with driver and kernel beside it."""
    gpu = hardware.primary_gpu
    return Identity(
        fingerprint=fingerprint(hardware),
        driver=None if gpu is None else gpu.driver_version,
        kernel=hardware.os.kernel,
    )


def rounded(size: int | None) -> int | None:
    """Round up to the size that is sold: to an eighth of the next power of two.

    Firmware and kernel take a varying share, always less than that, so that 32 GiB of modules
    stay 32 GiB whatever the kernel.
    """
    if size is None or size <= 0:
        return None
    step = max(1, (1 << (size - 1).bit_length()) // 8)
    return -(-size // step) * step


def _plain(name: str | None) -> str | None:
    return None if name is None else " ".join(name.split())


def _gpu(gpu: Gpu) -> tuple[str, str | None, int | None, bool]:
    return gpu.kind.value, _plain(gpu.name), rounded(gpu.vram_bytes), gpu.unified
