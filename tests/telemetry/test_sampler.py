"""A sample holds what can be read, costs what it states, and never raises."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.telemetry.cpu.state import PortableCpuState
from benchrace.telemetry.detection import detect
from benchrace.telemetry.gpu.nvidia_state import (
    MAX_PAUSE_NS,
    REOPEN_AFTER_NS,
    throttle_reasons,
)
from benchrace.telemetry.gpu.nvml import NumberQuestion, NvmlCode
from benchrace.telemetry.hardware import GpuKind
from benchrace.telemetry.inspection import environment
from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.overrides import GpuOverride, HardwareOverrides
from benchrace.telemetry.sampler import SystemSampler

Recorded = Callable[[str], Any]


class Time:
    """A clock that goes on by `step_ns` at each look."""

    def __init__(self, step_ns: int = 0) -> None:
        self.now_ns = 1_000_000
        self.step_ns = step_ns

    def __call__(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns


def sampler(machine: Any, clock: Time | None = None) -> SystemSampler:
    return SystemSampler(machine.root, detect(machine.root), clock or Time())


def test_busy_share_is_that_of_the_interval(recorded: Recorded) -> None:
    machine = recorded("desktop-nvidia")
    taken = sampler(machine)
    machine.write("/proc/stat", "cpu  10100 0 5050 80150 1050 0 150 0 0 0\n")
    # Of 400 ticks since then, 150 were idle and 50 waited for a disk.
    assert taken.sample().cpu_percent == 50.0
    # A guest's ticks are in the user's already.
    machine.write("/proc/stat", "cpu  10175 0 5050 80175 1050 0 150 0 900 0\n")
    assert taken.sample().cpu_percent == 75.0
    machine.write("/proc/stat", "cpu  10175 0 5050 80100 1150 0 150 0 900 0\n")
    assert taken.sample().cpu_percent == 0.0
    assert taken.sample().cpu_percent is None


def test_cost_is_the_time_it_took(recorded: Recorded) -> None:
    machine = recorded("vm-cpu-only")
    assert sampler(machine, Time(step_ns=7000)).sample().cost_ns == 7000


def test_clock_and_temperature(recorded: Recorded) -> None:
    sample = sampler(recorded("desktop-nvidia")).sample()
    assert sample.cpu_frequency_mhz == 4806.0
    assert sample.cpu_temperature_c == 54.25


def test_a_sensor_that_moves_is_found_again(recorded: Recorded) -> None:
    machine = recorded("desktop-nvidia")
    taken = sampler(machine)
    (machine.files / "sys/class/hwmon/hwmon2").rename(machine.files / "sys/class/hwmon/hwmon5")
    assert taken.sample().cpu_temperature_c is None
    assert taken.sample().cpu_temperature_c == 54.25


def test_what_a_gpu_never_tells_is_not_asked_again(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = recorded("dgx-spark")
    taken = sampler(machine)
    assert taken.sample().gpus[0].memory_used_bytes is None
    queries: list[NumberQuestion] = []
    number = machine.nvml.number

    def watch(index: int, question: NumberQuestion) -> int:
        queries.append(question)
        return int(number(index, question))

    monkeypatch.setattr(machine.nvml, "number", watch)
    sample = taken.sample()
    assert sample.gpus[0].temperature_c == 44.0
    assert NumberQuestion.TEMPERATURE_C in queries
    assert NumberQuestion.MEMORY_USED not in queries


def test_a_lost_session_gives_nulls_and_comes_back(recorded: Recorded) -> None:
    machine, clock = recorded("desktop-nvidia"), Time()
    taken = sampler(machine, clock)
    assert taken.sample().gpus[0].power_w == 212.5
    opened = machine.nvml.opened
    machine.nvml.failing = NvmlCode.DRIVER_NOT_LOADED
    lost = taken.sample().gpus[0]
    assert (lost.index, lost.power_w, lost.throttle) == (0, None, None)
    machine.nvml.failing = None
    assert taken.sample().gpus[0].power_w is None
    assert machine.nvml.opened == opened
    clock.now_ns += REOPEN_AFTER_NS
    assert taken.sample().gpus[0].power_w == 212.5
    assert machine.nvml.opened == opened + 1


def test_one_lost_gpu_leaves_the_other(recorded: Recorded) -> None:
    machine, clock = recorded("server-two-gpus"), Time()
    taken = sampler(machine, clock)
    machine.nvml.gpu_failing[0] = NvmlCode.GPU_IS_LOST
    for _ in range(3):
        first, second = taken.sample().gpus
        assert first.temperature_c is None
        assert second.temperature_c == 61.0
    del machine.nvml.gpu_failing[0]
    clock.now_ns += REOPEN_AFTER_NS
    assert taken.sample().gpus[0].temperature_c == 61.0


def test_the_pause_doubles_while_nothing_helps(recorded: Recorded) -> None:
    machine, clock = recorded("desktop-nvidia"), Time()
    taken = sampler(machine, clock)
    machine.nvml.failing = NvmlCode.DRIVER_NOT_LOADED
    before, tries = machine.nvml.opened, []
    for second in range(300):
        taken.sample()
        if machine.nvml.opened > before:
            before = machine.nvml.opened
            tries.append(second)
        clock.now_ns += 1_000_000_000
    assert tries == [0, 5, 15, 35, 75, 135, 195, 255]
    assert MAX_PAUSE_NS == 60_000_000_000


def test_a_passing_fault_is_asked_again_at_once(recorded: Recorded) -> None:
    machine = recorded("desktop-nvidia")
    taken = sampler(machine)
    taken.sample()
    machine.nvml.failing = NvmlCode.TIMEOUT
    assert taken.sample().gpus[0].temperature_c is None
    machine.nvml.failing = None
    assert taken.sample().gpus[0].temperature_c == 61.0


def test_a_gpu_that_only_the_configuration_knows(recorded: Recorded) -> None:
    machine = recorded("desktop-nvidia")
    overrides = HardwareOverrides(gpus=(GpuOverride(index=1, kind=GpuKind.NVIDIA, vram_bytes=7),))
    taken = SystemSampler(machine.root, detect(machine.root, overrides), Time())
    for _ in range(2):
        first, second = taken.sample().gpus
        assert first.power_w == 212.5
        assert (second.index, second.memory_total_bytes, second.power_w) == (1, 7, None)


def test_closing_lets_go_and_sampling_goes_on(recorded: Recorded) -> None:
    machine = recorded("desktop-nvidia")
    taken = sampler(machine)
    taken.sample()
    opened = machine.nvml.opened
    taken.close()
    taken.close()
    assert taken.sample().gpus[0].power_w == 212.5
    assert machine.nvml.opened == opened + 1


def test_every_machine_without_its_files_is_sampled(recorded: Recorded, machine_name: str) -> None:
    machine = recorded(machine_name)
    taken = sampler(machine)
    before = taken.sample()
    for path in sorted(machine.files.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    machine.nvml.failing = NvmlCode.UNKNOWN
    sample = taken.sample()
    assert (sample.cpu_percent, sample.load_1m, sample.memory_used_bytes) == (None, None, None)
    assert [gpu.index for gpu in sample.gpus] == [gpu.index for gpu in before.gpus]
    assert all(gpu.temperature_c is None for gpu in sample.gpus)


@pytest.mark.slow
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(max_size=60), min_size=20, max_size=20), st.randoms())
def test_nonsense_in_any_file_raises_nowhere(
    recorded: Recorded, texts: list[str], random: Any
) -> None:
    machine = recorded("laptop-hybrid")
    files = [path for path in sorted(machine.files.rglob("*")) if path.is_file()]
    for text in texts:
        random.choice(files).write_bytes(text.encode("utf-16"))
    hardware = detect(machine.root)
    environment(machine.root, hardware)
    encoded = msgspec.json.encode(SystemSampler(machine.root, hardware, Time()).sample())
    assert msgspec.json.decode(encoded, type=RuntimeSamplePayload).cost_ns == 0


@pytest.mark.parametrize(
    ("bits", "reasons"),
    [
        (0, ()),
        (0x44, ("power_cap", "thermal_hardware")),
        (0x1001, ("idle", "0x1000")),
    ],
)
def test_throttle_bits_are_named(bits: int, reasons: tuple[str, ...]) -> None:
    assert throttle_reasons(bits) == reasons


def test_psutil_answers_where_there_is_no_proc() -> None:
    state = PortableCpuState()
    memory = state.memory()
    assert memory.total == psutil.virtual_memory().total
    assert memory.used is not None
    assert 0 < memory.used < (memory.total or 0)
    assert 0 <= (state.percent() or 0.0) <= 100 * (psutil.cpu_count() or 1)
    assert state.load() is not None


def test_psutil_failing_gives_nulls(monkeypatch: pytest.MonkeyPatch) -> None:
    state = PortableCpuState()

    def fail(*_: object) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "cpu_percent", fail)
    monkeypatch.setattr(psutil, "virtual_memory", fail)
    assert state.percent() is None
    assert state.memory().total is None


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="Linux alone")
def test_this_machine_is_sampled() -> None:
    root = Root.live()
    taken = SystemSampler(root, detect(root))
    sample = taken.sample()
    taken.close()
    assert sample.memory_total_bytes == psutil.virtual_memory().total
    assert sample.cpu_count == psutil.cpu_count()
    assert sample.load_1m is not None
    assert sample.cost_ns > 0
