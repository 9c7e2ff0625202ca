"""The configuration wins over what was detected, and the answer says so."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.errors import InvalidInput
from benchrace.telemetry.detection import detect
from benchrace.telemetry.hardware import AcceleratorType, GpuKind
from benchrace.telemetry.overrides import GpuOverride, HardwareOverrides

Recorded = Callable[[str], Any]
GIB = 1 << 30


def test_nothing_given_changes_nothing(recorded: Recorded) -> None:
    root = recorded("desktop-nvidia").root
    assert detect(root, HardwareOverrides()) == detect(root)


def test_given_fields_win_and_are_named(recorded: Recorded) -> None:
    overrides = HardwareOverrides(
        cpu_model="A better one", usable_threads=4, gpus=(GpuOverride(vram_bytes=20 * GIB),)
    )
    hardware = detect(recorded("desktop-nvidia").root, overrides)
    assert hardware.cpu.model == "A better one"
    assert hardware.cpu.usable_threads == 4
    assert hardware.cpu.physical_cores == 8
    assert hardware.gpus[0].vram_bytes == hardware.gpus[0].memory_bytes == 20 * GIB
    assert hardware.gpus[0].name == "NVIDIA GeForce RTX 4090"
    assert hardware.accelerator_memory_gb == 20.0
    assert set(hardware.overridden) == {
        "cpu.model",
        "cpu.usable_threads",
        "gpus[0].vram_bytes",
    }


def test_the_accelerator_itself_can_be_given(recorded: Recorded) -> None:
    overrides = HardwareOverrides(accelerator_type=AcceleratorType.CPU, accelerator_memory_gb=1.5)
    hardware = detect(recorded("desktop-nvidia").root, overrides)
    assert hardware.accelerator_type is AcceleratorType.CPU
    assert hardware.accelerator_memory_gb == 1.5
    assert set(hardware.overridden) == {"accelerator_type", "accelerator_memory_gb"}


def test_memory_given_reaches_a_gpu_that_shares_it(recorded: Recorded) -> None:
    hardware = detect(recorded("dgx-spark").root, HardwareOverrides(memory_bytes=64 * GIB))
    assert hardware.memory.total_bytes == hardware.memory.usable_bytes == 64 * GIB
    assert hardware.gpus[0].memory_bytes == 64 * GIB
    assert hardware.accelerator_memory_gb == 64.0


def test_memory_given_does_not_lift_a_limit(recorded: Recorded) -> None:
    hardware = detect(recorded("docker-quota").root, HardwareOverrides(memory_bytes=64 * GIB))
    assert hardware.memory.usable_bytes == 8 * GIB


def test_a_reason_goes_once_the_value_is_given(recorded: Recorded) -> None:
    root = recorded("nvidia-without-driver").root
    overrides = HardwareOverrides(gpus=(GpuOverride(vram_bytes=24 * GIB, ready=True),))
    hardware = detect(root, overrides)
    assert any(note.startswith("gpus[0].vram_bytes") for note in detect(root).notes)
    assert not any(note.startswith("gpus[0].vram_bytes") for note in hardware.notes)
    assert not any(note.startswith("gpus[0].memory_bytes") for note in hardware.notes)
    assert hardware.accelerator_type is AcceleratorType.CUDA


def test_a_gpu_can_be_added(recorded: Recorded) -> None:
    added = GpuOverride(kind=GpuKind.AMD, name="Card in a box", vram_bytes=8 * GIB, ready=True)
    hardware = detect(recorded("vm-cpu-only").root, HardwareOverrides(gpus=(added,)))
    assert [(gpu.vendor, gpu.name, gpu.memory_bytes) for gpu in hardware.gpus] == [
        ("AMD", "Card in a box", 8 * GIB)
    ]
    assert hardware.accelerator_type is AcceleratorType.ROCM
    assert "gpus[0].kind" in hardware.overridden


@pytest.mark.parametrize(
    "overrides",
    [GpuOverride(name="x"), GpuOverride(index=3, kind=GpuKind.AMD), GpuOverride(index=-1)],
)
def test_a_gpu_that_is_not_there_is_an_error(recorded: Recorded, overrides: GpuOverride) -> None:
    with pytest.raises(InvalidInput, match=r"gpus\[0\].*has 0 GPUs") as caught:
        detect(recorded("vm-cpu-only").root, HardwareOverrides(gpus=(overrides,)))
    assert caught.value.fields[0].path == "gpus[0]"


def test_a_misspelt_field_is_named() -> None:
    with pytest.raises(msgspec.ValidationError, match="vram_gb"):
        msgspec.convert({"gpus": [{"vram_gb": 3}]}, HardwareOverrides)
