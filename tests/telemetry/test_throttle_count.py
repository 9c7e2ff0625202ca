"""How often heat slowed the processor down: one counter for each package."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace.telemetry.detection import detect
from benchrace.telemetry.sampler import SystemSampler

Recorded = Callable[[str], Any]
CPUS = "/sys/devices/system/cpu"


@pytest.fixture
def server(recorded: Recorded) -> Any:
    """Two packages of two processors; those of a package have the same counter."""
    machine = recorded("vm-cpu-only")
    machine.write(f"{CPUS}/online", "0-3")
    for cpu, package, count in ((0, 0, 3), (1, 0, 3), (2, 1, 40), (3, 1, 40)):
        machine.write(f"{CPUS}/cpu{cpu}/topology/physical_package_id", str(package))
        machine.write(f"{CPUS}/cpu{cpu}/thermal_throttle/package_throttle_count", str(count))
    return machine


def count(machine: Any) -> int | None:
    return SystemSampler(machine.root, detect(machine.root)).sample().cpu_throttle_count


def test_packages_are_added_up(server: Any) -> None:
    assert count(server) == 43


def test_it_is_read_at_each_sample(server: Any) -> None:
    sampler = SystemSampler(server.root, detect(server.root))
    sampler.sample()
    server.write(f"{CPUS}/cpu2/thermal_throttle/package_throttle_count", "41")
    assert sampler.sample().cpu_throttle_count == 44


@pytest.mark.parametrize("text", ["", "many", "99999999999999999999"])
def test_what_is_no_count_is_null(server: Any, text: str) -> None:
    server.write(f"{CPUS}/cpu0/thermal_throttle/package_throttle_count", text)
    assert count(server) is None


def test_most_machines_have_no_such_counter(recorded: Recorded) -> None:
    assert count(recorded("vm-cpu-only")) is None
