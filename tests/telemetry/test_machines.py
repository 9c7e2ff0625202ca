"""Every recorded machine is detected as expected, and each null has its reason."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from benchrace.telemetry.detection import detect
from benchrace.telemetry.hardware import Hardware
from benchrace.telemetry.identity import identity
from benchrace.telemetry.inspection import environment
from benchrace.telemetry.sampler import SystemSampler
from tests.telemetry.conftest import MACHINES, Machine

Recorded = Callable[[str], Any]
Reported = Callable[[str], dict[str, Any]]


def report(machine: Any) -> dict[str, Any]:
    hardware = detect(machine.root)
    sample = SystemSampler(machine.root, hardware).sample()
    built: dict[str, Any] = msgspec.to_builtins(
        {
            "hardware": hardware,
            "environment": environment(machine.root, hardware),
            "fingerprint": identity(hardware),
            "sample": msgspec.structs.replace(sample, cost_ns=0),
        }
    )
    return built


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """Return what is reported of a recorded machine; each is laid out and looked at once."""

    @functools.cache
    def of(name: str) -> dict[str, Any]:
        return report(Machine(name, tmp_path_factory.mktemp(name)))

    return of


def nulls(value: Any, path: str = "") -> Iterator[str]:
    match value:
        case None:
            yield path
        case dict():
            for key, item in value.items():
                yield from nulls(item, f"{path}.{key}" if path else key)
        case list() | tuple():
            for index, item in enumerate(value):
                yield from nulls(item, f"{path}[{index}]")
        case _:
            return


def dig(value: Any, path: str) -> Any:
    for step in path.replace("[", ".").replace("]", "").split("."):
        value = value[int(step)] if isinstance(value, list | tuple) else value[step]
    return value


def test_each_machine_is_told_as_expected(reported: Reported, machine_name: str) -> None:
    expected = msgspec.json.decode((MACHINES / machine_name / "expected.json").read_bytes())
    assert msgspec.json.decode(msgspec.json.encode(reported(machine_name))) == expected


def test_every_null_has_a_reason(reported: Reported, machine_name: str) -> None:
    hardware = dict(reported(machine_name)["hardware"])
    explained = {note.partition(": ")[0] for note in hardware.pop("notes")}
    assert explained >= set(nulls(hardware))


def test_no_reason_is_given_for_what_is_known(reported: Reported, machine_name: str) -> None:
    hardware = dict(reported(machine_name)["hardware"])
    notes = hardware.pop("notes")
    explained = {note.partition(": ")[0] for note in notes if not note.startswith("gpus: ")}
    assert explained <= set(nulls(hardware))


# Written down from the machines' data sheets and formats, apart from what the code answers.
FACTS = [
    ("desktop-nvidia", "hardware.cpu.physical_cores", 8),
    ("desktop-nvidia", "hardware.cpu.caches.l3_bytes", 96 << 20),
    ("desktop-nvidia", "hardware.accelerator_memory_gb", 24.0),
    ("desktop-nvidia", "hardware.product", "ROG STRIX B650-A GAMING WIFI"),
    ("server-two-gpus", "hardware.gpus[1].name", "NVIDIA RTX A6000"),
    ("server-two-gpus", "hardware.accelerator_memory_gb", 128.0),
    ("server-two-gpus", "sample.gpus[0].throttle", ("idle",)),
    ("apple-m3-max", "hardware.accelerator_type", "metal"),
    ("apple-m3-max", "hardware.gpus[0].unified", True),
    ("apple-m3-max", "hardware.gpus[0].memory_bytes", 128 << 30),
    ("apple-m3-max", "hardware.cpu.core_groups[0].physical_cores", 12),
    ("apple-m3-max", "environment.power.on_battery", True),
    ("apple-m3-max", "sample.gpus[0].utilization_percent", 38.0),
    ("apple-m3-max", "sample.gpus[0].memory_used_bytes", 1268776960),
    ("raspberry-pi-5", "hardware.cpu.model", "Cortex-A76"),
    ("raspberry-pi-5", "hardware.accelerator_type", "cpu"),
    ("raspberry-pi-5", "environment.power.undervolted", True),
    ("wsl2", "environment.kind", "wsl2"),
    ("wsl2", "hardware.gpus[0].vram_bytes", 10 << 30),
    ("docker-quota", "environment.kind", "container"),
    ("docker-quota", "environment.container_runtime", "docker"),
    ("docker-quota", "hardware.cpu.usable_threads", 2),
    ("docker-quota", "hardware.memory.usable_bytes", 8 << 30),
    ("docker-cgroup-v1", "hardware.cpu.usable_threads", 4),
    ("podman", "environment.container_runtime", "podman"),
    ("podman", "hardware.cpu.usable_threads", 2),
    ("kubernetes", "environment.container_runtime", "kubernetes"),
    ("kubernetes", "environment.cpu_quota", 0.5),
    ("kubernetes", "hardware.cpu.usable_threads", 1),
    ("dgx-spark", "environment.kind", "dgx_spark"),
    ("dgx-spark", "hardware.gpus[0].unified", True),
    ("dgx-spark", "hardware.gpus[0].vram_bytes", None),
    ("dgx-spark", "hardware.accelerator_memory_gb", 119.7),
    ("dgx-spark", "hardware.cpu.core_groups[1].model", "Cortex-A725"),
    ("jetson-orin-nano", "hardware.accelerator_type", "cuda"),
    ("jetson-orin-nano", "hardware.gpus[0].unified", True),
    ("vm-cpu-only", "hardware.virtualisation", "kvm"),
    ("vm-cpu-only", "environment.kind", "native"),
    ("laptop-hybrid", "hardware.cpu.core_groups[0].logical_cores", 4),
    ("laptop-hybrid", "hardware.cpu.core_groups[1].logical_cores", 8),
    ("laptop-hybrid", "hardware.gpus[0].name", "Alder Lake-P GT2 [Iris Xe Graphics]"),
    ("desktop-amd", "hardware.gpus[0].name", "AMD Radeon RX 7900 XTX"),
    ("desktop-amd", "hardware.gpus[0].compute_capability", "gfx1100"),
    ("desktop-amd", "hardware.gpus[1].unified", True),
    ("desktop-amd", "hardware.accelerator_memory_gb", 24.0),
    ("desktop-amd", "sample.gpus[0].power_w", 287.0),
    ("desktop-amd", "hardware.gpus[0].power_limit_w", 327.0),
    ("server-two-gpus", "hardware.gpus[0].power_limit_w", 250.0),
    ("nvidia-without-driver", "hardware.gpus[0].name", "NVIDIA GeForce RTX 3090"),
    ("nvidia-without-driver", "hardware.accelerator_type", "cpu"),
]


@pytest.mark.parametrize(("name", "path", "value"), FACTS)
def test_facts(reported: Reported, name: str, path: str, value: object) -> None:
    assert dig(reported(name), path) == value


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("desktop-nvidia", []),
        ("server-two-gpus", ["turbo_off"]),
        ("apple-m3-max", ["on_battery", "low_power_mode"]),
        ("raspberry-pi-5", ["undervolted", "throttled"]),
        ("docker-quota", ["cpu_quota"]),
        ("laptop-hybrid", ["governor", "on_battery", "low_power_mode"]),
        ("nvidia-without-driver", ["gpu_not_ready"]),
    ],
)
def test_problems(reported: Reported, name: str, problems: list[str]) -> None:
    result = reported(name)["environment"]["problems"]
    assert [problem["code"] for problem in result] == problems
    assert all(problem["message"] and problem["remedy"] for problem in result)


@pytest.mark.parametrize(
    ("name", "gpu"), [("server-two-gpus", 0), ("desktop-amd", 0), ("dgx-spark", 0)]
)
def test_the_gpu_to_name(recorded: Recorded, name: str, gpu: int) -> None:
    hardware: Hardware = detect(recorded(name).root)
    assert hardware.primary_gpu == hardware.gpus[gpu]
