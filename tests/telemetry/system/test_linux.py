"""Hypervisor, product and system, from what Linux shows of them."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace.telemetry.detection import detect
from benchrace.telemetry.hardware import Virtualisation

Recorded = Callable[[str], Any]
DMI = "/sys/class/dmi/id"
CLOCKS = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
FLAGGED = "processor\t: 0\nflags\t\t: sse4_2 hypervisor\n"
BARE = "processor\t: 0\nflags\t\t: sse4_2\n"


@pytest.mark.parametrize(
    ("cpuinfo", "files", "expected"),
    [
        (FLAGGED, {"sys_vendor": "VMware, Inc."}, Virtualisation.VMWARE),
        (FLAGGED, {"sys_vendor": "innotek GmbH"}, Virtualisation.VIRTUALBOX),
        (FLAGGED, {"sys_vendor": "Microsoft Corporation"}, Virtualisation.HYPERV),
        (FLAGGED, {"sys_vendor": "Amazon EC2"}, Virtualisation.KVM),
        (FLAGGED, {}, Virtualisation.OTHER),
        # Bare machines of the same makers, and a Surface.
        (BARE, {"sys_vendor": "Amazon EC2"}, Virtualisation.NONE),
        (BARE, {"sys_vendor": "Microsoft Corporation"}, Virtualisation.NONE),
        (BARE, {}, Virtualisation.NONE),
    ],
)
def test_hypervisor(
    recorded: Recorded, cpuinfo: str, files: dict[str, str], expected: Virtualisation
) -> None:
    machine = recorded("vm-cpu-only")
    for name in ("sys_vendor", "product_name"):
        machine.write(f"{DMI}/{name}", files.get(name, ""))
    machine.write("/proc/cpuinfo", cpuinfo)
    assert detect(machine.root).virtualisation is expected


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        ("tsc kvm-clock", Virtualisation.KVM),
        ("hyperv_clocksource_tsc_page acpi_pm", Virtualisation.HYPERV),
        ("xen tsc", Virtualisation.XEN),
        ("tsc hpet", Virtualisation.OTHER),
    ],
)
def test_a_hypervisor_without_firmware(
    recorded: Recorded, clocks: str, expected: Virtualisation
) -> None:
    machine = recorded("empty")
    machine.write("/proc/cpuinfo", FLAGGED)
    machine.write(CLOCKS, clocks)
    assert detect(machine.root).virtualisation is expected


@pytest.mark.parametrize(
    ("release", "name", "version"),
    [
        ("NAME=Gentoo\n", "Gentoo", None),
        ("NAME=\"It's Linux\"\nVERSION_ID='3'\n", "It's Linux", "3"),
        ('NAME="unclosed\n', '"unclosed', None),
        ("", None, None),
    ],
)
def test_system(recorded: Recorded, release: str, name: str | None, version: str | None) -> None:
    machine = recorded("empty")
    machine.write("/etc/os-release", release)
    hardware = detect(machine.root).os
    assert (hardware.name, hardware.version) == (name, version)
