"""What the energy of a lane covers, in words."""

from collections import Counter
from collections.abc import Iterable

from benchrace.formatting import listed
from benchrace.run.summary import EnergySource


def covered(energy: Iterable[EnergySource]) -> str:
    """Name what was added up: `covers 2x GPU board (NVML counter)`; empty where nothing was."""
    counted = [source for source in energy if source.joules is not None]
    return cover((source.covers, source.source) for source in counted)


def cover(parts: Iterable[tuple[str, str]]) -> str:
    """Name parts of a machine, each with what measures it."""
    counted = Counter(f"{covers} ({source})" for covers, source in parts)
    names = [f"{n}x {part}" if n > 1 else part for part, n in counted.items()]
    return f"covers {listed(names)}" if names else ""
