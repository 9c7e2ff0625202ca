"""Where the agent runs, detected from the marks of runtimes and firmware."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace.telemetry.detection import detect
from benchrace.telemetry.environment import Environment, EnvironmentKind
from benchrace.telemetry.inspection import environment

Recorded = Callable[[str], Any]
POLICY = "/sys/devices/system/cpu/cpu0/cpufreq"


def around(machine: Any) -> Environment:
    return environment(machine.root, detect(machine.root))


def codes(machine: Any) -> list[str]:
    return [problem.code.value for problem in around(machine).problems]


@pytest.mark.parametrize(
    ("driver", "governor", "preference", "problems"),
    [
        ("acpi-cpufreq", "powersave", None, ["governor"]),
        ("acpi-cpufreq", "conservative", None, ["governor"]),
        ("acpi-cpufreq", "performance", None, []),
        # There `powersave` is the ordinary mode, and the preference decides.
        ("intel_pstate", "powersave", "balance_performance", []),
        ("amd-pstate-epp", "powersave", "power", ["governor"]),
    ],
)
def test_governor(
    recorded: Recorded, driver: str, governor: str, preference: str | None, problems: list[str]
) -> None:
    machine = recorded("vm-cpu-only")
    machine.write(f"{POLICY}/scaling_driver", driver)
    machine.write(f"{POLICY}/scaling_governor", governor)
    if preference is not None:
        machine.write(f"{POLICY}/energy_performance_preference", preference)
    assert codes(machine) == problems
    assert around(machine).power.governor == governor


@pytest.mark.parametrize(
    ("milli", "problems"), [("70000", []), ("96000", ["hot"]), ("-274000", []), ("x", [])]
)
def test_heat(recorded: Recorded, milli: str, problems: list[str]) -> None:
    machine = recorded("vm-cpu-only")
    zone = "/sys/class/thermal/thermal_zone3"
    machine.write(f"{zone}/temp", milli)
    machine.write(f"{zone}/trip_point_0_type", "critical")
    machine.write(f"{zone}/trip_point_0_temp", "105000")
    machine.write(f"{zone}/trip_point_1_type", "passive")
    machine.write(f"{zone}/trip_point_1_temp", "100000")
    assert codes(machine) == problems


def test_plugged_in_again(recorded: Recorded) -> None:
    machine = recorded("laptop-hybrid")
    machine.write("/sys/class/power_supply/AC/online", "1")
    assert "on_battery" not in codes(machine)
    assert around(machine).power.source == "mains"


def test_the_battery_of_a_mouse_is_no_supply(recorded: Recorded) -> None:
    machine = recorded("vm-cpu-only")
    mouse = "/sys/class/power_supply/hidpp_battery_1"
    machine.write(f"{mouse}/type", "Battery")
    machine.write(f"{mouse}/scope", "Device")
    machine.write(f"{mouse}/status", "Discharging")
    assert around(machine).power.on_battery is False


def test_a_container_on_a_spark_has_two_layers(recorded: Recorded) -> None:
    machine = recorded("dgx-spark")
    machine.write("/.dockerenv", "")
    machine.write("/proc/self/mountinfo", "9 1 0:3 / / rw - overlay overlay rw\n")
    result = around(machine)
    assert result.kind is EnvironmentKind.CONTAINER
    assert result.layers == (EnvironmentKind.DGX_SPARK, EnvironmentKind.CONTAINER)


def test_another_makers_box_is_known_by_its_gpu(recorded: Recorded) -> None:
    machine = recorded("dgx-spark")
    machine.write("/sys/class/dmi/id/product_name", "GX10")
    assert around(machine).kind is EnvironmentKind.DGX_SPARK


@pytest.mark.parametrize(
    ("path", "text", "runtime"),
    [
        ("/run/systemd/container", "lxc", "lxc"),
        ("/run/systemd/container", "systemd-nspawn", "systemd-nspawn"),
        ("/proc/self/cgroup", "3:cpu:/docker/0123abc", "docker"),
        ("/proc/self/cgroup", "0::/user.slice/libpod-01.scope", "podman"),
        ("/proc/self/cgroup", "0::/user.slice/user-1000.slice/session-3.scope", None),
    ],
)
def test_other_marks(recorded: Recorded, path: str, text: str, runtime: str | None) -> None:
    machine = recorded("vm-cpu-only")
    (machine.files / ".dockerenv").unlink()
    machine.write(path, text)
    assert around(machine).container_runtime == runtime


def test_a_python_for_intel_on_apples_chip(recorded: Recorded, tmp_path: Any) -> None:
    machine = recorded("apple-m3-max")
    sysctl = machine.root.command("sysctl", "-a") + "sysctl.proc_translated: 1\n"
    machine.root.command = lambda *argv: sysctl if argv == ("sysctl", "-a") else None
    result = around(machine)
    assert [problem.code.value for problem in result.problems] == ["translated"]
    assert result.power.on_battery is None
    assert any(note.startswith("power.on_battery") for note in result.notes)
