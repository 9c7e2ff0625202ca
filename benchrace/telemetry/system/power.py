"""The machine's power supply, clocks and cooling at present."""

import re

from benchrace.telemetry.cpu.state import sensor
from benchrace.telemetry.environment import Power
from benchrace.telemetry.hardware import Notes
from benchrace.telemetry.machine_root import Root, whole

_SUPPLIES = "/sys/class/power_supply"
_POLICY = "/sys/devices/system/cpu/cpu0/cpufreq"
_THERMAL = "/sys/class/thermal"


def linux_power(root: Root, notes: Notes) -> Power:
    """Read /sys; a machine that has no battery runs on mains."""
    on_battery, percent = _supplies(root)
    celsius, limit = _hottest(root)
    undervolted, throttled = _board(root)
    governor = root.text(f"{_POLICY}/scaling_governor")
    notes.need("power.governor", governor, "no cpufreq in /sys: the host or hypervisor clocks")
    notes.need("power.thermal_c", celsius, "no thermal zone or sensor in /sys")
    return Power(
        on_battery=on_battery,
        source="battery" if on_battery else "mains",
        battery_percent=percent,
        driver=root.text(f"{_POLICY}/scaling_driver"),
        governor=governor,
        preference=root.text(f"{_POLICY}/energy_performance_preference"),
        profile=root.text("/sys/firmware/acpi/platform_profile"),
        turbo=_turbo(root),
        thermal_c=celsius,
        thermal_limit_c=limit,
        undervolted=undervolted,
        throttled=throttled,
    )


def apple_power(root: Root, notes: Notes) -> Power:
    """Query pmset; macOS has no governor, and reports pressure rather than degrees."""
    drawing = root.command("pmset", "-g", "batt") or ""
    settings = root.command("pmset", "-g") or ""
    low = re.search(r"^\s*(?:lowpowermode|powermode)\s+([0-9])", settings, re.MULTILINE)
    percent = re.search(r"\s([0-9]{1,3})%", drawing)
    source = re.search(r"drawing from '(\w+)", drawing)
    on_battery = {"AC": False, "Battery": True}.get(source[1]) if source else None
    notes.need("power.on_battery", on_battery, "pmset does not report it")
    notes.say("power.governor", "macOS has none")
    notes.say("power.thermal_c", "macOS reports it only to root")
    return Power(
        on_battery=on_battery,
        source=None if on_battery is None else "battery" if on_battery else "mains",
        battery_percent=whole(percent[1]) if percent else None,
        low_power_mode=low[1] == "1" if low else None,
    )


def _supplies(root: Root) -> tuple[bool, int | None]:
    discharging, mains, percent = False, False, None
    for name in root.names(_SUPPLIES):
        folder = f"{_SUPPLIES}/{name}"
        kind = root.text(f"{folder}/type")
        # `Device` is the battery of a mouse or a headset.
        if kind == "Battery" and root.text(f"{folder}/scope") != "Device":
            discharging |= root.text(f"{folder}/status") == "Discharging"
            percent = root.number(f"{folder}/capacity")
        elif kind in ("Mains", "USB", "USB_C"):
            mains |= root.number(f"{folder}/online") == 1
    return discharging and not mains, percent


def _turbo(root: Root) -> bool | None:
    off = root.number("/sys/devices/system/cpu/intel_pstate/no_turbo")
    if off is not None:
        return off == 0
    boost = root.number("/sys/devices/system/cpu/cpufreq/boost")
    return None if boost is None else boost == 1


def _hottest(root: Root) -> tuple[float | None, float | None]:
    sensors: list[tuple[float, float | None]] = []
    for name in root.names(_THERMAL):
        milli = root.number(f"{_THERMAL}/{name}/temp")
        # Firmware reports nonsense (-274, 0) from zones that have no sensor.
        if name.startswith("thermal_zone") and milli is not None and 1000 < milli < 150_000:
            sensors.append((milli / 1000, _trip(root, f"{_THERMAL}/{name}")))
    if not sensors and (path := sensor(root)) and (milli := root.number(path)):
        return milli / 1000, None
    return max(sensors, key=lambda sensor: sensor[0], default=(None, None))


def _trip(root: Root, zone: str) -> float | None:
    limits = [
        milli / 1000
        for name in root.names(zone)
        if re.fullmatch(r"trip_point_[0-9]+_type", name)
        and root.text(f"{zone}/{name}") in ("passive", "hot", "critical")
        and (milli := root.number(f"{zone}/{name.removesuffix('type')}temp"))
        and milli > 0
    ]
    return min(limits, default=None)


def _board(root: Root) -> tuple[bool | None, bool | None]:
    """Query a Raspberry Pi's firmware: bit 0 is voltage, bits 1 to 3 are clocks, at present."""
    if not (root.text("/proc/device-tree/model") or "").startswith("Raspberry Pi"):
        return None, None
    match = re.search(
        r"throttled=0x([0-9a-fA-F]+)", root.command("vcgencmd", "get_throttled") or ""
    )
    if not match:
        return None, None
    bits = int(match[1], 16)
    return bool(bits & 0b1), bool(bits & 0b1110)
