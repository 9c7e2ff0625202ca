"""Samples of the machine's state. Null where unknown; nothing here ever raises."""

import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.telemetry import plausible
from benchrace.telemetry.cpu.rapl import RaplState
from benchrace.telemetry.cpu.state import CpuState, LinuxCpuState, PortableCpuState
from benchrace.telemetry.gpu.drm import cards
from benchrace.telemetry.gpu.nvidia_state import NvidiaState
from benchrace.telemetry.gpu.state import AmdState, AppleState, GpuState, UnknownState
from benchrace.telemetry.hardware import Gpu, GpuKind, Hardware
from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.system.powermetrics import PowermetricsState

Now = Callable[[], int]


class Sampler(Protocol):
    """Takes one sample at a time; the caller keeps the period."""

    def sample(self) -> RuntimeSamplePayload:
        """Take a sample; blocks for some milliseconds, never raises."""
        ...

    def close(self) -> None:
        """Release open handles; `sample` may be called again."""
        ...


class SystemSampler:
    """Samples the machine behind `root`; `hardware` is what `detect` found there.

    `cpu_percent` is the share of the time since the sample before, at first since construction.
    """

    def __init__(self, root: Root, hardware: Hardware, now_ns: Now = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self._memory_total = hardware.memory.total_bytes
        self._cpu_count = hardware.cpu.logical_cores
        self._cpu = _cpu_state(root)
        self._gpus = _gpu_states(root, hardware.gpus, now_ns)
        self._energy = (
            PowermetricsState(root) if root.platform.system == "Darwin" else RaplState(root)
        )

    def sample(self) -> RuntimeSamplePayload:
        started = self._now_ns()
        memory = self._cpu.memory()
        gpus = tuple(sample for state in self._gpus for sample in state.sample())
        taken = RuntimeSamplePayload(
            cpu_percent=self._cpu.percent(),
            cpu_count=self._cpu_count,
            load_1m=self._cpu.load(),
            memory_used_bytes=memory.used,
            memory_available_bytes=memory.available,
            memory_total_bytes=memory.total or self._memory_total,
            cpu_frequency_mhz=self._cpu.frequency_mhz(),
            cpu_temperature_c=self._cpu.temperature_c(),
            cpu_throttle_count=self._cpu.throttle_count(),
            gpus=gpus,
            energy=self._energy.sample(),
        )
        return msgspec.structs.replace(plausible.sample(taken), cost_ns=self._now_ns() - started)

    def close(self) -> None:
        for state in self._gpus:
            state.close()


def _cpu_state(root: Root) -> CpuState:
    # A recording has no more than files, so psutil speaks of this machine alone.
    elsewhere = root.platform.system != "Linux" and root.native
    return PortableCpuState() if elsewhere else LinuxCpuState(root)


def _gpu_states(root: Root, gpus: tuple[Gpu, ...], now_ns: Now) -> tuple[GpuState, ...]:
    """Pair the GPUs with their sources of samples, in the order of the hardware's list."""
    folders = iter([card.folder for card in cards(root) if card.kind is GpuKind.AMD])
    nvidia = tuple(gpu for gpu in gpus if gpu.kind is GpuKind.NVIDIA)
    states: list[GpuState] = [NvidiaState(root.nvml, nvidia, now_ns)] if nvidia else []
    for gpu in gpus:
        if gpu.kind is GpuKind.AMD and (folder := next(folders, None)):
            states.append(AmdState(root, gpu, folder))
        elif gpu.kind is GpuKind.APPLE:
            states.append(AppleState(root, gpu))
        elif gpu.kind is not GpuKind.NVIDIA:
            states.append(UnknownState(gpu))
    return tuple(states)
