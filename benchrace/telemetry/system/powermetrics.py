"""Power of a Mac's chip by powermetrics, which answers root alone."""

import re

from benchrace.events.payloads import Covers, EnergyCounter
from benchrace.telemetry.machine_root import Root

_COMMAND = ("powermetrics", "--samplers", "cpu_power,gpu_power", "-n", "1", "-i", "100")
_APPLE = re.compile(r"^Combined Power \(CPU \+ GPU \+ ANE\): ([0-9]{1,9}) mW", re.MULTILINE)
_INTEL = re.compile(r"package power \(CPUs\+GT\+SA\): ([0-9]{1,6}(?:\.[0-9]{1,9})?) ?W")
_REFUSED = "powermetrics answers root alone: run the agent as root to measure energy"
_SILENT = "powermetrics reports no power of this chip"


class PowermetricsState:
    """Takes the mean power of 100 ms per sample; a refusal is not asked again."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._refused = False

    def sample(self) -> tuple[EnergyCounter, ...]:
        """Return the chip's power, or why it is unknown; never raises."""
        output = None if self._refused else self._root.command(*_COMMAND)
        self._refused = output is None
        if output is None:
            return (_counter(Covers.CHIP, None, _REFUSED),)
        if (match := _APPLE.search(output)) is not None:
            return (_counter(Covers.CHIP, float(match[1]) / 1000),)
        if (match := _INTEL.search(output)) is not None:
            return (_counter(Covers.CPU_PACKAGE, float(match[1])),)
        return (_counter(Covers.CHIP, None, _SILENT),)


def _counter(covers: Covers, power_w: float | None, reason: str | None = None) -> EnergyCounter:
    return EnergyCounter(
        name="chip", covers=covers, source="powermetrics", power_w=power_w, reason=reason
    )
