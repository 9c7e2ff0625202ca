"""The state of GPUs that the system's own files or commands report."""

import re
from typing import Protocol

from benchrace.events.payloads import GpuSample
from benchrace.telemetry.hardware import Gpu
from benchrace.telemetry.machine_root import Root, whole

_IOREG = ("ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator")


class GpuState(Protocol):
    """Samples one or more GPUs."""

    def sample(self) -> tuple[GpuSample, ...]:
        """Return one entry per GPU, always all of them; never raises."""
        ...

    def close(self) -> None: ...


class AmdState:
    """Reads the amdgpu driver's files."""

    def __init__(self, root: Root, gpu: Gpu, folder: str) -> None:
        self._root = root
        self._gpu = gpu
        self._folder = folder
        names = root.names(f"{folder}/hwmon")
        self._hwmon = f"{folder}/hwmon/{names[0]}" if names else f"{folder}/hwmon"

    def sample(self) -> tuple[GpuSample, ...]:
        folder, hwmon, number = self._folder, self._hwmon, self._root.number
        power = number(f"{hwmon}/power1_average") or number(f"{hwmon}/power1_input")
        heap = "gtt" if self._gpu.unified else "vram"
        sample = GpuSample(
            index=self._gpu.index,
            uuid=self._gpu.uuid,
            utilization_percent=_float(number(f"{folder}/gpu_busy_percent")),
            memory_used_bytes=number(f"{folder}/mem_info_{heap}_used"),
            memory_total_bytes=self._gpu.memory_bytes,
            power_w=_scaled(power, 1e6),
            temperature_c=_scaled(number(f"{hwmon}/temp1_input"), 1e3),
            clock_sm_mhz=_scaled(number(f"{hwmon}/freq1_input"), 1e6),
            clock_memory_mhz=_scaled(number(f"{hwmon}/freq2_input"), 1e6),
        )
        return (sample,)

    def close(self) -> None:
        """Nothing is held open between samples."""


class AppleState:
    """Asks the driver's statistics by `ioreg`; watts and degrees are the superuser's alone."""

    def __init__(self, root: Root, gpu: Gpu) -> None:
        self._root = root
        self._gpu = gpu

    def sample(self) -> tuple[GpuSample, ...]:
        output = self._root.command(*_IOREG) or ""
        sample = GpuSample(
            index=self._gpu.index,
            uuid=self._gpu.uuid,
            utilization_percent=_float(_statistic(output, "Device Utilization %")),
            memory_used_bytes=_statistic(output, "In use system memory"),
            memory_total_bytes=self._gpu.memory_bytes,
        )
        return (sample,)

    def close(self) -> None:
        """Nothing is held open between samples."""


class UnknownState:
    """Names a GPU of which nothing can be read."""

    def __init__(self, gpu: Gpu) -> None:
        self._sample = GpuSample(
            index=gpu.index, uuid=gpu.uuid, memory_total_bytes=gpu.memory_bytes
        )

    def sample(self) -> tuple[GpuSample, ...]:
        return (self._sample,)

    def close(self) -> None:
        """Nothing is held open."""


def _statistic(output: str, key: str) -> int | None:
    match = re.search(rf'"{re.escape(key)}"\s*=\s*([0-9]+)', output)
    return whole(match[1]) if match else None


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)


def _scaled(value: int | None, by: float) -> float | None:
    return None if value is None else value / by
