"""Rounds in which a GPU or the processor was slowed down, as the samples of the machine show."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from benchrace.events import Reason, RuntimeSample
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.workload import Resource
from benchrace.run.lane import RunLane
from benchrace.stats.parts import gpus, parts
from benchrace.stats.round_bounds import Bounds

CODE = "throttled"
# A GPU at its power limit works as configured, and one that has no work is idle.
_SLOW = {
    "hardware_slowdown": "hardware slowdown",
    "thermal_software": "heat, by the driver",
    "thermal_hardware": "heat, by the hardware",
    "power_brake": "power brake of the system",
}


class _Slow(NamedTuple):
    """Something seen between two instants in ns; the processor has no number."""

    since: int
    until: int
    gpu: int | None
    text: str


class Throttling:
    """What the samples of one job show; those that are not later than the last are duplicates."""

    def __init__(self) -> None:
        self._last: tuple[int, int | None] = (-1, None)
        # In the order of `since`.
        self._slow: list[_Slow] = []
        self._gpus: dict[int, str | None] = {}

    def take(self, event: RuntimeSample) -> None:
        """Add a sample."""
        before, count_before = self._last
        if event.t_ns <= before:
            return
        sample = event.payload
        count = sample.cpu_throttle_count
        self._last = event.t_ns, count
        if count is not None and count_before is not None and count > count_before:
            # It may have been at any time since the sample before.
            text = "the processor was throttled: heat"
            self._slow.append(_Slow(before, event.t_ns, None, text))
        since = event.t_ns - sample.cost_ns
        for gpu in sample.gpus:
            self._gpus[gpu.index] = gpu.uuid
            for word in gpu.throttle or ():
                if word in _SLOW:
                    text = f"GPU {gpu.index} was throttled: {_SLOW[word]}"
                    self._slow.append(_Slow(since, event.t_ns, gpu.index, text))

    def reasons(
        self, lane: RunLane, workload: WorkloadDescription | None, bounds: Bounds
    ) -> Iterator[Reason]:
        """Yield once what slowed a finished round of a lane down, as far as it is certain."""
        if bounds.end is None or not self._slow:
            return
        mine = gpus(lane, workload, self._gpus.items())
        processor = Resource.CPU in parts(workload)
        texts: dict[str, None] = {}
        for at in range(bisect_left(self._slow, bounds.start, key=_since), len(self._slow)):
            slow = self._slow[at]
            if slow.since > bounds.end:
                break
            if slow.until <= bounds.end and (slow.gpu in mine or (slow.gpu is None and processor)):
                texts[slow.text] = None
        yield from (Reason(CODE, text) for text in texts)


def _since(slow: _Slow) -> int:
    return slow.since
