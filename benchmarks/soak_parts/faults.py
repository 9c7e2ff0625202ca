"""What breaks during a soak."""

import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from benchmarks.simulated_fleet import Central, start_fleet, until
from benchmarks.soak_parts.disk import Disk
from benchmarks.soak_parts.goals import Goal
from benchmarks.soak_parts.proxy import Proxies

_AWAY_S = 1.0


class Faults:
    """Causes one fault after the other; `due` says that it is time for the next."""

    def __init__(
        self,
        central: Central,
        disk: Disk,
        proxies: Proxies,
        machines: "list[subprocess.Popen[bytes]]",
        folder: Path,
        every_s: float,
    ) -> None:
        self._central = central
        self._disk = disk
        self._proxies = proxies
        self._machines = machines
        self._folder = folder
        self._every_s = every_s
        self._next = time.monotonic() + every_s
        self._drawn = random.Random(0)
        self.counts: Counter[str] = Counter()

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._next

    def cause(self, kind: str) -> None:
        """Cause a fault: kill an `agent`, cut a `link`, fill the `disk`, or restart `central`."""
        number = self._drawn.randrange(len(self._machines))
        if kind == "agent":
            self._machines[number].kill()
            self._machines[number].wait()
            time.sleep(_AWAY_S)
            self._start(number)
        elif kind == "link":
            self._proxies.cut(number)
        elif kind == "disk":
            self._disk.fill()
        else:
            self._central.end(signal.SIGKILL)
            time.sleep(_AWAY_S)
            self._central.start()
            # The next race may be submitted at once, and needs a machine.
            self.repair()
        self.counts[kind] += 1
        self._next = time.monotonic() + self._every_s

    def repair(self) -> None:
        """Wait until all machines are there again."""
        machines = len(self._machines)
        until(lambda: self._central.ready(machines), "a machine did not come back")

    def goal(self) -> Goal:
        """Return what was caused, which no goal limits."""
        words = ", ".join(f"{count} x {kind}" for kind, count in sorted(self.counts.items()))
        return Goal("faults", words or "none", "", None)

    def _start(self, number: int) -> None:
        url = f"http://127.0.0.1:{self._proxies.ports[number]}"
        where = self._folder / f"machine-{number}"
        self._machines[number] = start_fleet(url, where, 1, number)
