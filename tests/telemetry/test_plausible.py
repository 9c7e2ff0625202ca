"""Impossible numbers of a driver, a sensor or an engine become null, with the reason."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.events.payloads import GpuSample, RuntimeSamplePayload
from benchrace.plugin.operations import Unloaded
from benchrace.plugin.readiness import KvLayers, Model, Probe, Resident
from benchrace.telemetry import plausible
from benchrace.telemetry.detection import detect
from benchrace.telemetry.gpu.nvml import NumberQuestion as Q
from benchrace.telemetry.inspection import environment
from benchrace.telemetry.overrides import GpuOverride, HardwareOverrides
from benchrace.telemetry.sampler import SystemSampler

Recorded = Callable[[str], Any]
U32, U64 = (1 << 32) - 1, (1 << 64) - 1
HALF = 1 << 39


def gpu_of(machine: Any, question: Q, value: int) -> GpuSample:
    sampler = SystemSampler(machine.root, detect(machine.root))
    machine.nvml.numbers[0, question] = value
    return sampler.sample().gpus[0]


@pytest.mark.parametrize(
    ("question", "field", "wrong"),
    [
        (Q.UTILIZATION, "utilization_percent", (U32, -1, 101)),
        (Q.MEMORY_USED, "memory_used_bytes", (U64, -1, 85899345921)),
        (Q.POWER_MW, "power_w", (U32, -1, 10_000_001)),
        (Q.TEMPERATURE_C, "temperature_c", (U32, -273, -274, 6553, 255, 32767)),
        (Q.CLOCK_SM_MHZ, "clock_sm_mhz", (U32, -1)),
        (Q.CLOCK_MEMORY_MHZ, "clock_memory_mhz", (U32, -1)),
        (Q.ENERGY_MJ, "energy_mj", (U64, -1)),
        (Q.THROTTLE_BITS, "throttle", (U32, U64, -1)),
    ],
)
def test_a_sentinel_of_nvml_is_null_with_a_reason(
    recorded: Recorded, question: Q, field: str, wrong: tuple[int, ...]
) -> None:
    machine = recorded("server-two-gpus")
    for value in wrong:
        gpu = gpu_of(machine, question, value)
        assert getattr(gpu, field) is None, value
        (note,) = gpu.notes
        assert note.startswith(f"{field}: ")
        assert "not possible" in note or "is more than" in note


@pytest.mark.parametrize(
    ("question", "field", "value", "shown"),
    [
        (Q.UTILIZATION, "utilization_percent", 100, 100.0),
        (Q.UTILIZATION, "utilization_percent", 0, 0.0),
        (Q.MEMORY_USED, "memory_used_bytes", 85899345920, 85899345920),
        (Q.TEMPERATURE_C, "temperature_c", -20, -20.0),
        (Q.POWER_MW, "power_w", 1_400_000, 1400.0),
        (Q.THROTTLE_BITS, "throttle", 0x800, ("0x800",)),
    ],
)
def test_what_is_only_unusual_stays(
    recorded: Recorded, question: Q, field: str, value: int, shown: Any
) -> None:
    gpu = gpu_of(recorded("server-two-gpus"), question, value)
    assert (getattr(gpu, field), gpu.notes) == (shown, ())


@pytest.mark.parametrize("size", [U64, -1, 1 << 60])
def test_a_size_of_memory_that_cannot_be_is_unknown_everywhere(
    recorded: Recorded, size: int
) -> None:
    machine = recorded("desktop-nvidia")
    machine.nvml.numbers[0, Q.MEMORY_TOTAL] = size
    hardware = detect(machine.root)
    assert (hardware.gpus[0].vram_bytes, hardware.gpus[0].memory_bytes) == (None, None)
    assert hardware.accelerator_memory_gb is None
    assert any(note.startswith(f"gpus[0].vram_bytes: {size} is not") for note in hardware.notes)
    gpu = SystemSampler(machine.root, hardware).sample().gpus[0]
    assert (gpu.memory_total_bytes, gpu.memory_used_bytes) == (None, gpu.memory_used_bytes)
    owner = HardwareOverrides(gpus=(GpuOverride(vram_bytes=24 << 30),))
    assert detect(machine.root, owner).gpus[0].memory_bytes == 24 << 30


def test_an_integrated_gpu_with_a_sentinel_for_its_memory_shares_the_systems(
    recorded: Recorded,
) -> None:
    machine = recorded("dgx-spark")
    machine.nvml.numbers[0, Q.MEMORY_TOTAL] = U64
    gpu = detect(machine.root).gpus[0]
    assert (gpu.unified, gpu.vram_bytes) == (True, None)
    assert gpu.memory_bytes == detect(machine.root).memory.total_bytes


def test_amds_files_are_held_to_the_same(recorded: Recorded) -> None:
    machine = recorded("desktop-amd")
    hardware = detect(machine.root)
    card = "/sys/class/drm/card0/device"
    machine.write(f"{card}/gpu_busy_percent", str(U32))
    machine.write(f"{card}/hwmon/hwmon3/temp1_input", "-273150")
    gpu = SystemSampler(machine.root, hardware).sample().gpus[0]
    assert (gpu.utilization_percent, gpu.temperature_c) == (None, None)
    assert len(gpu.notes) == 2
    machine.write(f"{card}/mem_info_vram_total", str(U64))
    assert detect(machine.root).gpus[0].vram_bytes is None


def test_the_processor_and_the_battery_are_held_to_the_same(recorded: Recorded) -> None:
    machine = recorded("desktop-nvidia")
    hardware = detect(machine.root)
    for sensor in machine.files.glob("sys/class/hwmon/hwmon2/temp*_input"):
        sensor.write_text("6553500")
    machine.write("/sys/class/power_supply/BAT0/type", "Battery")
    machine.write("/sys/class/power_supply/BAT0/capacity", "255")
    sample = SystemSampler(machine.root, hardware).sample()
    assert sample.cpu_temperature_c is None
    assert sample.notes == ("cpu_temperature_c: 6553.5 is not possible (-60 to 150)",)
    around = environment(machine.root, hardware)
    assert around.power.battery_percent is None
    assert any(note.startswith("power.battery_percent: 255 is not") for note in around.notes)


def test_not_a_number_and_infinity_are_no_readings() -> None:
    taken = RuntimeSamplePayload(load_1m=float("nan"), cpu_percent=float("inf"))
    good = plausible.sample(taken)
    assert (good.load_1m, good.cpu_percent, len(good.notes)) == (None, None, 2)


def test_more_used_than_there_is_leaves_the_total(recorded: Recorded) -> None:
    taken = RuntimeSamplePayload(
        memory_total_bytes=HALF, memory_used_bytes=HALF + 1, memory_available_bytes=HALF
    )
    good = plausible.sample(taken)
    assert (good.memory_total_bytes, good.memory_used_bytes) == (HALF, None)
    assert good.notes == (f"memory_used_bytes: {HALF + 1} is more than memory_total_bytes, {HALF}",)


@pytest.mark.parametrize("huge", [U64, -1, 10**30])
def test_what_an_engine_tells_of_its_models_is_checked(huge: int) -> None:
    layers = KvLayers(count=huge, kv_heads=8, k_dim=128, v_dim=128)
    loaded = Resident(vram=huge, total=HALF, context=huge)
    model = Model(
        name="m",
        size=huge,
        layers=huge,
        width=huge,
        parameters=huge,
        kv=(layers,),
        loaded=loaded,
    )
    (good,) = plausible.probe(Probe(reachable=True, models=(model,))).models
    assert (good.size, good.layers, good.width, good.parameters) == (None, None, None, None)
    assert good.kv == ()
    assert good.loaded == Resident(total=HALF)
    assert {note.partition(":")[0] for note in good.notes} == {
        *("size", "layers", "width", "parameters", "kv", "loaded.vram", "loaded.context")
    }
    msgspec.json.encode(good)


def test_more_of_a_model_on_the_gpu_than_there_is_of_it_is_unknown() -> None:
    model = Model(name="m", loaded=Resident(vram=20, total=10))
    (good,) = plausible.probe(Probe(reachable=True, models=(model,))).models
    assert good.loaded == Resident(total=10)
    assert good.notes == ("loaded.vram: 20 is more than total, 10",)


def test_a_sound_model_is_as_it_was() -> None:
    model = Model(name="m", size=5 << 30, loaded=Resident(vram=5 << 30, total=6 << 30))
    answer = Probe(reachable=True, models=(model, Model(name="untold")))
    assert plausible.probe(answer) == answer


def test_what_was_freed_is_checked() -> None:
    good, reasons = plausible.checked(Unloaded(waited_ms=1.0, freed=2 * U64))
    assert (good.freed, list(reasons)) == (None, ["freed"])
