"""Energy of the processor by RAPL, the counters that Linux shows as powercap zones."""

import re

from benchrace.events.payloads import Covers, EnergyCounter
from benchrace.telemetry.machine_root import Root

_ZONES = "/sys/class/powercap"
# AMD's processors have the same zones, under Intel's name. `intel-rapl-mmio` repeats a package.
_ZONE = re.compile(r"intel-rapl:[0-9]+(:[0-9]+)?")
_SOURCE = "RAPL"
_READ_BY_ROOT = (
    "since Linux 5.10 only root may read it: "
    f"sudo chmod a+r {_ZONES}/intel-rapl:*/energy_uj allows it until the next boot"
)
_ABSENT = f"no RAPL in {_ZONES}: the processor has none, or a virtual machine or container hides it"


class RaplState:
    """Reads each zone's counter; cores and the like are parts of a package and are left out.

    What cannot be read is tried at each sample, so that a permission counts as soon as it is given.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self._zones = tuple(
            counter for zone in root.names(_ZONES) if (counter := _zone(root, zone)) is not None
        )

    def sample(self) -> tuple[EnergyCounter, ...]:
        """Return one entry per counter, or one that says why there is none; never raises."""
        if not self._zones:
            return (_unread("package", Covers.CPU_PACKAGE, _ABSENT),)
        return tuple(self._read(*zone) for zone in self._zones)

    def _read(self, path: str, name: str, covers: Covers) -> EnergyCounter:
        micro = self._root.number(f"{path}/energy_uj")
        if micro is None:
            return _unread(name, covers, _why(self._root, f"{path}/energy_uj"))
        limit = self._root.number(f"{path}/max_energy_range_uj")
        return EnergyCounter(
            name=name,
            covers=covers,
            source=_SOURCE,
            energy_mj=micro / 1000,
            range_mj=None if limit is None else limit / 1000,
        )


def _zone(root: Root, zone: str) -> tuple[str, str, Covers] | None:
    """Return a zone's folder, name and what it counts; None where another one contains it."""
    match = _ZONE.fullmatch(zone)
    name = root.text(f"{_ZONES}/{zone}/name") if match else None
    if match is None or name is None or (covers := _covers(name)) is None:
        return None
    parent = root.text(f"{_ZONES}/{zone.removesuffix(match[1])}/name") if match[1] else None
    return f"{_ZONES}/{zone}", f"{parent} {name}" if parent else name, covers


def _covers(name: str) -> Covers | None:
    if name.startswith("package"):
        return Covers.CPU_PACKAGE
    return {"dram": Covers.MEMORY, "psys": Covers.PLATFORM}.get(name)


def _why(root: Root, path: str) -> str:
    if not root.exists(path):
        return f"{path} is missing"
    if root.text(path) is None:
        return _READ_BY_ROOT
    return f"{path} holds no number"


def _unread(name: str, covers: Covers, reason: str) -> EnergyCounter:
    return EnergyCounter(name=name, covers=covers, source=_SOURCE, reason=reason)
