"""Counters of energy beside GPUs: RAPL's zones, and powermetrics' words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchrace.events.payloads import Covers, EnergyCounter
from benchrace.telemetry.cpu.rapl import RaplState
from benchrace.telemetry.detection import detect
from benchrace.telemetry.machine_root import Platform, Root
from benchrace.telemetry.recorded import PlayedNvml, RecordedNvml
from benchrace.telemetry.sampler import SystemSampler
from benchrace.telemetry.system.powermetrics import PowermetricsState

Recorded = Callable[[str], Any]
ZONE = "/sys/class/powercap/intel-rapl:0"


class Mac:
    """A Mac on which powermetrics prints `output`; null is a refusal."""

    def __init__(self, output: str | None) -> None:
        self.output = output
        self.calls: list[tuple[str, ...]] = []

    def root(self) -> Root:
        about = Platform(system="Darwin", architecture="arm64", release="24.0")
        return Root(Path("/nowhere"), about, self.run, PlayedNvml(RecordedNvml()))

    def run(self, argv: tuple[str, ...]) -> str | None:
        self.calls.append(argv)
        return self.output


def test_packages_memory_and_platform_are_named_and_parts_of_a_package_left_out(
    recorded: Recorded,
) -> None:
    machine = recorded("server-two-gpus")
    machine.write(f"{ZONE}:1/name", "core")
    machine.write(f"{ZONE}:1/energy_uj", "1000")
    machine.write("/sys/class/powercap/intel-rapl:2/name", "psys")
    machine.write("/sys/class/powercap/intel-rapl:2/energy_uj", "5000")
    counters = RaplState(machine.root).sample()
    assert [(counter.name, counter.covers) for counter in counters] == [
        ("package-0", Covers.CPU_PACKAGE),
        ("package-0 dram", Covers.MEMORY),
        ("package-1", Covers.CPU_PACKAGE),
        ("package-1 dram", Covers.MEMORY),
        ("psys", Covers.PLATFORM),
    ]
    assert (counters[0].energy_mj, counters[0].range_mj) == (81_234_567.89, 262_143_328.85)
    # Without its range a counter that starts again cannot be told from a reset.
    assert (counters[-1].energy_mj, counters[-1].range_mj) == (5.0, None)


def test_what_only_root_may_read_is_null_with_the_remedy_until_it_is_allowed(
    recorded: Recorded,
) -> None:
    machine = recorded("laptop-hybrid")
    rapl = RaplState(machine.root)
    package = rapl.sample()[0]
    assert (package.name, package.energy_mj) == ("package-0", None)
    assert package.reason == (
        "since Linux 5.10 only root may read it: sudo chmod a+r "
        "/sys/class/powercap/intel-rapl:*/energy_uj allows it until the next boot"
    )
    folder = machine.files / f"{ZONE}/energy_uj".lstrip("/")
    (folder / "unreadable").unlink()
    folder.rmdir()
    machine.write(f"{ZONE}/energy_uj", "7000")
    assert rapl.sample()[0] == EnergyCounter(
        name="package-0",
        covers=Covers.CPU_PACKAGE,
        source="RAPL",
        energy_mj=7.0,
        range_mj=262_143_328.85,
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, f"{ZONE}/energy_uj is missing"), ("", f"{ZONE}/energy_uj holds no number")],
)
def test_a_broken_counter_says_so(recorded: Recorded, text: str | None, reason: str) -> None:
    machine = recorded("server-two-gpus")
    path = machine.files / f"{ZONE}/energy_uj".lstrip("/")
    path.unlink() if text is None else path.write_text(text)
    first = RaplState(machine.root).sample()[0]
    assert (first.energy_mj, first.reason) == (None, reason)


def test_a_virtual_machine_has_no_rapl(recorded: Recorded) -> None:
    (counter,) = RaplState(recorded("vm-cpu-only").root).sample()
    assert (counter.energy_mj, counter.power_w, counter.covers) == (None, None, Covers.CPU_PACKAGE)
    assert counter.reason is not None
    assert "a virtual machine or container hides it" in counter.reason


def test_an_impossible_count_is_null(recorded: Recorded) -> None:
    machine = recorded("server-two-gpus")
    machine.write(f"{ZONE}/energy_uj", "99999999999999999999")
    first = SystemSampler(machine.root, detect(machine.root)).sample().energy[0]
    assert first.energy_mj is None
    assert first.reason is not None
    assert "is not possible" in first.reason


@pytest.mark.parametrize(
    ("output", "covers", "power_w"),
    [
        (
            (
                "**** Processor usage ****\nCPU Power: 4712 mW\nGPU Power: 27 mW\nANE Power: 0 mW\n"
                "Combined Power (CPU + GPU + ANE): 4739 mW\n"
            ),
            Covers.CHIP,
            4.739,
        ),
        (
            "Intel energy model derived package power (CPUs+GT+SA): 11.62W\n",
            Covers.CPU_PACKAGE,
            11.62,
        ),
        ("**** Processor usage ****\n", Covers.CHIP, None),
    ],
)
def test_a_mac_tells_root_its_power(output: str, covers: Covers, power_w: float | None) -> None:
    (counter,) = PowermetricsState(Mac(output).root()).sample()
    assert (counter.covers, counter.power_w) == (covers, power_w)
    assert (counter.reason is None) is (power_w is not None)


def test_a_mac_that_refuses_is_not_asked_again() -> None:
    mac = Mac(None)
    state = PowermetricsState(mac.root())
    first, second = state.sample(), state.sample()
    assert first == second
    assert first[0].reason is not None
    assert "root" in first[0].reason
    assert len(mac.calls) == 1
