"""The sources of energy of one machine during one job, from its samples."""

from collections.abc import Iterator
from typing import NamedTuple

from benchrace.events import RuntimeSample
from benchrace.events.payloads import Covers, EnergyCounter, GpuSample
from benchrace.kinds.energy import NVML_REFRESH_S
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.workload import Resource
from benchrace.run.lane import RunLane
from benchrace.stats.energy.series import Counter, Power, Series, Span
from benchrace.stats.parts import gpus, parts

_INTEGRATED = "power readings, integrated"
_NOTHING = "it reports neither energy nor power"
_LAG_NS = int(NVML_REFRESH_S * 1e9)
# Others lie within these, or contain them.
_COUNTED = frozenset({Covers.GPU_BOARD, Covers.CPU_PACKAGE, Covers.CHIP})


class Source(NamedTuple):
    """A counter, or power readings; `series` has none where `reason` says why not."""

    name: str
    covers: Covers
    source: str
    series: Series
    reason: str | None = None


class MachineEnergy:
    """Gathers samples; those that are not later than the last one are duplicates.

    `period_s` is the period of sampling, 0 where it is off.
    """

    def __init__(self, period_s: float) -> None:
        # A single sample may be missing.
        self._gap_ns = int((3 * period_s + 1) * 1e9)
        self._last_ns = -1
        self._gpus: dict[int, str | None] = {}
        self._others: dict[str, EnergyCounter] = {}
        self._counters: dict[str, Counter] = {}
        self._power: dict[str, Power] = {}

    def take(self, event: RuntimeSample) -> None:
        """Add a sample."""
        if event.t_ns <= self._last_ns:
            return
        self._last_ns = event.t_ns
        span = Span(event.t_ns - event.payload.cost_ns, event.t_ns)
        for gpu in event.payload.gpus:
            self._gpu(span, gpu)
        for counter in event.payload.energy:
            key = counter.name
            # A reason of now must not hide that it could be read before.
            if counter.reason is None or key not in self._others:
                self._others[key] = counter
            self._add(key, span, counter.energy_mj, counter.range_mj, counter.power_w, 0)

    def sources(
        self,
        lane: RunLane,
        workload: WorkloadDescription | None,
        integrated: frozenset[int] = frozenset(),
    ) -> Iterator[Source]:
        """Yield what counts for a lane: the GPU that it names, or all, and the processor.

        A workload that says what it saturates counts no other part of the machine. The power of an
        `integrated` GPU is that of the whole chip, which a counter of the processor has already.
        """
        processor = Resource.CPU in parts(workload)
        inside = integrated if processor and self._has_package() else frozenset()
        for index in sorted(gpus(lane, workload, self._gpus.items())):
            board = self._source(_board(index), Covers.GPU_BOARD, "NVML counter", _NOTHING)
            if isinstance(board.series, Counter) or index not in inside:
                yield board
        for counter in self._others.values():
            if counter.covers in _COUNTED and processor:
                yield self._source(counter.name, counter.covers, counter.source, counter.reason)

    def _gpu(self, span: Span, gpu: GpuSample) -> None:
        self._gpus[gpu.index] = gpu.uuid
        self._add(_board(gpu.index), span, gpu.energy_mj, None, gpu.power_w, _LAG_NS)

    def _add(
        self,
        key: str,
        span: Span,
        energy_mj: float | None,
        range_mj: float | None,
        power_w: float | None,
        lag_ns: int,
    ) -> None:
        if energy_mj is not None:
            self._counters.setdefault(key, Counter(lag_ns)).add(span, energy_mj, range_mj)
        if power_w is not None:
            self._power.setdefault(key, Power(self._gap_ns)).add(span, power_w)

    def _has_package(self) -> bool:
        packages = (one.name for one in self._others.values() if one.covers is Covers.CPU_PACKAGE)
        return any(name in self._counters for name in packages)

    def _source(self, key: str, covers: Covers, source: str, reason: str | None) -> Source:
        if (counter := self._counters.get(key)) is not None:
            return Source(key, covers, source, counter)
        if (power := self._power.get(key)) is not None:
            return Source(key, covers, _INTEGRATED, power)
        return Source(key, covers, source, Counter(), reason or _NOTHING)


def _board(index: int) -> str:
    return f"GPU {index}"
