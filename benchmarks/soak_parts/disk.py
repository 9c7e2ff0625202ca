"""Central's disk, which is full for a while."""

import errno
import time
from pathlib import Path

from benchmarks.simulated_fleet import Central, until
from benchmarks.soak_parts.goals import Goal
from tests.faults.shim import Shim, compile_shim

_FULL_S = 3.0


class Disk:
    """The disk of a central that is not started yet; `can_fill` is false without a C compiler."""

    def __init__(self, central: Central, folder: Path) -> None:
        self._central = central
        library = compile_shim(folder)
        self._shim = None if library is None else Shim(library, folder, central.data)
        self._noticed = 0
        if self._shim is not None:
            central.env = self._shim.env

    def goal(self) -> Goal:
        """Return how often central has noticed that its disk was full."""
        if self._shim is None:
            return Goal("full disks noticed", "no C compiler", "", None)
        # Between two races nothing is written.
        return Goal("full disks noticed", f"{self._noticed}", "at least 1", self._noticed > 0)

    @property
    def can_fill(self) -> bool:
        return self._shim is not None

    def fill(self) -> None:
        """Refuse central's writes as a full disk does, and wait until central has recovered."""
        if self._shim is None:
            raise RuntimeError("the preload shim was not built")
        self._shim.fail_writes(errno.ENOSPC, after=1000)
        time.sleep(_FULL_S)
        self._noticed += self._is_degraded
        self._shim.fail_writes(0)
        until(lambda: not self._is_degraded, "central does not recover from a full disk")

    @property
    def _is_degraded(self) -> bool:
        return bool(self._central.get("/api/status")["central"]["degraded"])
