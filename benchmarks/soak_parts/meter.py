"""Central's memory, file handles and processor time while it is soaked."""

import threading
import time
from statistics import linear_regression
from typing import NamedTuple

import psutil

from benchmarks.simulated_fleet import Central, cpu_s
from benchmarks.soak_parts.goals import Goal

_EVERY_S = 1.0
# Caches with a limit fill for some dozens of races, and the heap of the allocator with them: races
# took 0.10 MB each at first, and 0.02 to 0.03 MB from the 20th on. Ten minutes have about 30.
_WARM_S = 600.0
# A short time shows no slope.
_JUDGED_S = 300.0
_SLOPE_MB = 1.0
_HANDLES = 3


class Reading(NamedTuple):
    pid: int
    at_s: float
    rss_mb: float
    handles: int
    cpu_s: float
    events: int


class Meter:
    """Reads once a second, in a thread, until it is stopped."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self._readings: list[Reading] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._sizes: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take no more readings."""
        self._stopped.set()
        self._thread.join()

    def goals(self, events_per_s: float) -> list[Goal]:
        """Judge the readings; memory and handles since central's last start."""
        first, last = self._readings[0], self._readings[-1]
        life = [one for one in self._readings if one.pid == last.pid]
        wall_s = last.at_s - first.at_s
        rate = (last.events - first.events) / wall_s
        cores = self._cpu() / wall_s
        return [
            Goal("events per second", f"{rate:.0f}", f"about {events_per_s:.0f}", None),
            Goal("central's processor", f"{cores:.2f} cores", "", None),
            _memory(life),
            _handles(life),
        ]

    def _cpu(self) -> float:
        """Return the CPU seconds of all lives of central."""
        lives: dict[int, list[float]] = {}
        for one in self._readings:
            lives.setdefault(one.pid, []).append(one.cpu_s)
        return sum(life[-1] - life[0] for life in lives.values())

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_S):
            try:
                self._readings.append(self._read())
            except psutil.Error:
                # It is being restarted.
                continue

    def _read(self) -> Reading:
        process = self._central.ps
        with process.oneshot():
            return Reading(
                pid=process.pid,
                at_s=time.monotonic(),
                rss_mb=process.memory_info().rss / 1e6,
                handles=process.num_fds(),
                cpu_s=cpu_s(process),
                events=self._events(),
            )

    def _events(self) -> int:
        """Count the lines of all logs; only what was added is read."""
        for log in self._central.data.glob("runs/*/events.ndjson"):
            offset, lines = self._sizes.get(log.parent.name, (0, 0))
            with log.open("rb") as file:
                file.seek(offset)
                data = file.read()
            self._sizes[log.parent.name] = offset + len(data), lines + data.count(b"\n")
        return sum(lines for _, lines in self._sizes.values())


def _memory(life: list[Reading]) -> Goal:
    warm = [one for one in life if one.at_s - life[0].at_s >= _WARM_S]
    goal = f"below {_SLOPE_MB:g} MB in 10 min"
    if not warm or warm[-1].at_s - warm[0].at_s < _JUDGED_S:
        return Goal("central's memory", f"{life[-1].rss_mb:.1f} MB, too short to judge", goal, None)
    slope, _ = linear_regression([one.at_s for one in warm], [one.rss_mb for one in warm])
    growth = slope * 600
    words = f"{growth:+.2f} MB in 10 min, {life[-1].rss_mb:.1f} MB"
    return Goal("central's memory", words, goal, growth < _SLOPE_MB)


def _handles(life: list[Reading]) -> Goal:
    """Compare the most at a time: each viewer and each race that is on takes some."""
    third = max(1, len(life) // 3)
    before = max(one.handles for one in life[:-third] or life)
    after = max(one.handles for one in life[-third:])
    words = f"at most {before}, then at most {after}"
    goal = f"at most {_HANDLES} more"
    return Goal("central's file handles", words, goal, after <= before + _HANDLES)
