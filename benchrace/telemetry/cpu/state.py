"""Load, memory, clock and temperature of the processor at one instant."""

import importlib
import os
import re
from typing import Any, Protocol

from benchrace.telemetry.machine_root import Root, cpu_list
from benchrace.telemetry.system.memory import MemoryUse, linux_use

_CPUS = "/sys/devices/system/cpu"
_HWMON = "/sys/class/hwmon"
_THERMAL = "/sys/class/thermal"
# Reading a clock may wake the core that is asked, so few are asked.
_CLOCKS_READ = 4
# The drivers that speak of the processor, the most exact first.
_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal")
_ZONES = re.compile(r"x86_pkg_temp|cpu[-_]?thermal|soc[-_]?thermal|CPU-therm", re.IGNORECASE)
_PACKAGE = re.compile(r"Package id|Tctl|Tdie")


class CpuState(Protocol):
    """The processor's state; each value is None where the system does not report it."""

    def percent(self) -> float | None: ...

    def load(self) -> float | None: ...

    def memory(self) -> MemoryUse: ...

    def frequency_mhz(self) -> float | None: ...

    def temperature_c(self) -> float | None: ...

    def throttle_count(self) -> int | None: ...


class LinuxCpuState:
    """Reads /proc and /sys; finds the sensor once, and again when it goes."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._before = _times(root)
        self._sensor = sensor(root)
        self._clocks = _clocks(root)
        self._throttled = _throttle_counts(root)

    def percent(self) -> float | None:
        """Return the busy share of all processors since the call before."""
        before, now = self._before, _times(self._root)
        self._before = now
        if before is None or now is None or now[1] <= before[1]:
            return None
        # Idle time may step back where the kernel corrects it.
        busy = min(max(now[0] - before[0], 0), now[1] - before[1])
        return round(100 * busy / (now[1] - before[1]), 2)

    def load(self) -> float | None:
        return _decimal((self._root.text("/proc/loadavg") or "").partition(" ")[0])

    def memory(self) -> MemoryUse:
        return linux_use(self._root)

    def frequency_mhz(self) -> float | None:
        """Return the mean clock of up to four processors spread over all."""
        clocks = [khz for path in self._clocks if (khz := self._root.number(path))]
        return round(sum(clocks) / len(clocks) / 1000, 1) if clocks else None

    def temperature_c(self) -> float | None:
        milli = self._root.number(self._sensor) if self._sensor else None
        if milli is None and self._sensor:
            self._sensor = sensor(self._root)
        return None if milli is None else milli / 1000

    def throttle_count(self) -> int | None:
        """Return how often heat has slowed the packages down since the boot."""
        counts = [self._root.number(path) for path in self._throttled]
        return sum(filter(None, counts)) if counts and None not in counts else None


class PortableCpuState:
    """Asks psutil, where there is no /proc: macOS."""

    def __init__(self) -> None:
        # Loaded here, so that importing telemetry costs nothing; typed Any within this class.
        self._psutil: Any = importlib.import_module("psutil")
        self._psutil.cpu_percent(None)

    def percent(self) -> float | None:
        try:
            return float(self._psutil.cpu_percent(None))
        except (OSError, RuntimeError, self._psutil.Error):
            return None

    def load(self) -> float | None:
        try:
            return os.getloadavg()[0]
        except OSError:
            return None

    def memory(self) -> MemoryUse:
        try:
            memory = self._psutil.virtual_memory()
        except (OSError, RuntimeError, self._psutil.Error):
            return MemoryUse()
        total, available = int(memory.total), int(memory.available)
        return MemoryUse(total=total, available=available, used=total - available)

    def frequency_mhz(self) -> float | None:
        # On Apple's chips psutil gives the constant maximum, which is not a reading.
        return None

    def temperature_c(self) -> float | None:
        return None

    def throttle_count(self) -> int | None:
        return None


def _times(root: Root) -> tuple[int, int] | None:
    """Read busy and total ticks; waiting for a disk is idle, a guest's time is in `user`."""
    first = (root.text("/proc/stat") or "").partition("\n")[0].split()
    if len(first) < 5 or first[0] != "cpu" or not all(part.isdecimal() for part in first[1:]):
        return None
    ticks = [int(part) for part in first[1:9]]
    total = sum(ticks)
    return total - sum(ticks[3:5]), total


def _clocks(root: Root) -> tuple[str, ...]:
    online = cpu_list(root.text(f"{_CPUS}/online"))
    step = max(1, -(-len(online) // _CLOCKS_READ))
    paths = (f"{_CPUS}/cpu{cpu}/cpufreq/scaling_cur_freq" for cpu in online[::step])
    return tuple(path for path in paths if root.exists(path))


def _throttle_counts(root: Root) -> tuple[str, ...]:
    """Find the counter of each package: every processor of a package has the same one."""
    paths: dict[str | None, str] = {}
    for cpu in cpu_list(root.text(f"{_CPUS}/online")):
        path = f"{_CPUS}/cpu{cpu}/thermal_throttle/package_throttle_count"
        if not root.exists(path):
            return ()
        package = root.text(f"{_CPUS}/cpu{cpu}/topology/physical_package_id")
        paths.setdefault(package, path)
    return tuple(paths.values())


def sensor(root: Root) -> str | None:
    """Find the file with the processor's temperature, the whole package's if any."""
    folders = {root.text(f"{_HWMON}/{name}/name"): name for name in root.names(_HWMON)}
    for driver in _SENSORS:
        if driver in folders:
            return _input(root, f"{_HWMON}/{folders[driver]}")
    for name in root.names(_THERMAL):
        if _ZONES.search(root.text(f"{_THERMAL}/{name}/type") or ""):
            return f"{_THERMAL}/{name}/temp"
    return None


def _input(root: Root, folder: str) -> str:
    for name in root.names(folder):
        if name.endswith("_label") and _PACKAGE.match(root.text(f"{folder}/{name}") or ""):
            return f"{folder}/{name.removesuffix('label')}input"
    return f"{folder}/temp1_input"


def _decimal(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None
