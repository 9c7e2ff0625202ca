"""Metrics of energy, added to the lanes of a run's summary; they never rank."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from benchrace.events import Measured, RoundDone, RuntimeSample
from benchrace.formatting import listed
from benchrace.kinds import Metric
from benchrace.kinds.energy import EnergyWork, energy_metrics
from benchrace.run.energy import cover
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import EnergySource, LaneSummary, MetricSummary, RoundSummary
from benchrace.stats.energy.figures import figures, total, unknown
from benchrace.stats.energy.machine import MachineEnergy, Source
from benchrace.stats.energy.series import Joules
from benchrace.stats.estimate import estimated
from benchrace.stats.round_bounds import RoundBounds
from benchrace.stats.text.text_identity import TextFacts

_OFF = "runtime samples are off (sampling_s = 0)"
_NO_SAMPLE = "the machine was not sampled"
_WORKERS = "the worker machines of the lane are not sampled"
_NONE = "no counted round has an energy"
_NO_BOUNDS = "the log does not say when the round started"


class EnergyFold:
    """Gathers samples and rounds of all jobs; what they come to is computed on demand."""

    def __init__(self, metadata: RunMetadata, bounds: RoundBounds) -> None:
        self._metadata = metadata
        self._bounds = bounds
        self._planned = {lane.lane_id: lane for lane in metadata.lanes}
        self._machines: dict[str | None, MachineEnergy] = {}
        self._integrated = {
            machine_id: _integrated(capabilities)
            for machine_id, capabilities in metadata.machines.items()
        }
        # Why the energy of a round is not that of its machine.
        self._foreign: dict[tuple[str, int], str] = {}
        # Readings on both sides of a round do not change any more.
        self._cache: dict[tuple[str, int, str], Joules] = {}

    def take(self, event: RuntimeSample) -> None:
        """Add what was read of a machine."""
        machine = self._machines.get(event.job_id)
        if machine is None:
            machine = MachineEnergy(self._metadata.spec.sampling_s)
            self._machines[event.job_id] = machine
        machine.take(event)

    def done(self, event: RoundDone, text: TextFacts | None) -> None:
        """Note whether the engine of a round ran elsewhere."""
        if event.lane_id is None or event.round is None:
            return
        if (reason := _foreign(text)) is not None:
            self._foreign.setdefault((event.lane_id, event.round), reason)

    def with_energy(self, lane: LaneSummary) -> LaneSummary:
        """Return a lane with the metrics of energy, in its summary and in its rounds."""
        workload = self._metadata.workloads.get(lane.backend)
        work = None if workload is None else workload.energy
        sources = self._sources(lane)
        readable = [source for source in sources if source.reason is None]
        refused = self._refused(lane, sources)
        if refused is None:
            lane = self._with_rounds(lane, work, readable)
        whole = [
            round_
            for round_ in lane.rounds
            if round_.counted and isinstance(self._joules(lane, round_, readable), Joules)
        ]
        energy = tuple(self._source(lane, source, refused, whole) for source in sources)
        parts = cover((source.covers, source.source) for source in readable)
        summary = dict(lane.summary)
        for metric in energy_metrics(work):
            if metric.name not in summary:
                summary[metric.name] = _summary(lane, metric, refused, parts)
        return msgspec.structs.replace(lane, summary=summary, energy=energy)

    def _with_rounds(
        self, lane: LaneSummary, work: EnergyWork | None, readable: Sequence[Source]
    ) -> LaneSummary:
        why = unknown(readable)
        rounds = []
        for round_ in lane.rounds:
            if round_.error is not None:
                rounds.append(round_)
                continue
            own = {figure.metric: figure for figure in round_.measured}
            added = figures(self._joules(lane, round_, readable), work, own, why)
            measured = *round_.measured, *(fig for fig in added if fig.metric not in own)
            rounds.append(msgspec.structs.replace(round_, measured=measured))
        return msgspec.structs.replace(lane, rounds=tuple(rounds))

    def _source(
        self, lane: LaneSummary, source: Source, refused: str | None, whole: Sequence[RoundSummary]
    ) -> EnergySource:
        """Sum one source over the rounds that have an energy."""
        joules, reason = None, source.reason or refused
        if reason is None and whole:
            parts = [self._of(lane, round_, source) for round_ in whole]
            joules = math.fsum(part.value for part in parts if isinstance(part, Joules))
        elif reason is None:
            counted = (self._of(lane, round_, source) for round_ in lane.rounds if round_.counted)
            first = next((part for part in counted if isinstance(part, str)), _NONE)
            reason = first.removeprefix(f"{source.name}: ")
        return EnergySource(
            name=source.name,
            covers=source.covers,
            source=source.source,
            joules=joules,
            reason=reason,
        )

    def _sources(self, lane: LaneSummary) -> tuple[Source, ...]:
        planned = self._planned[lane.lane_id]
        jobs = [planned.job_id, *(self._job(lane, round_) for round_ in lane.rounds)]
        machine = next((self._machines[job] for job in jobs if job in self._machines), None)
        workload = self._metadata.workloads.get(lane.backend)
        inside = self._integrated.get(lane.machine_id, frozenset())
        return () if machine is None else tuple(machine.sources(planned, workload, inside))

    def _job(self, lane: LaneSummary, round_: RoundSummary) -> str | None:
        bounds = self._bounds.of(lane.lane_id, round_.round)
        return None if bounds is None else bounds.job_id

    def _refused(self, lane: LaneSummary, sources: Sequence[Source]) -> str | None:
        """Return why no round of a lane can have an energy."""
        if self._planned[lane.lane_id].workers:
            return _WORKERS
        if (shared := self._shared(lane.machine_id)) is not None:
            return shared
        if not sources:
            return _OFF if self._metadata.spec.sampling_s == 0 else _NO_SAMPLE
        if any(source.reason is None for source in sources):
            return None
        return "; ".join(f"{source.name}: {source.reason}" for source in sources)

    def _shared(self, machine_id: str) -> str | None:
        hosts = self._metadata.hosts
        own = hosts.get(machine_id)
        beside = {
            name
            for lane in self._metadata.lanes
            for name in lane.occupies
            if own is not None
            and (other := hosts.get(name)) is not None
            and other.host_id == own.host_id
        }
        if len(beside) < 2:
            return None
        return (
            f"{listed(sorted(beside))} ran on one computer, whose counters cannot tell them apart"
        )

    def _joules(
        self, lane: LaneSummary, round_: RoundSummary, sources: Sequence[Source]
    ) -> Joules | str:
        if not sources:
            return _NO_SAMPLE
        parts = []
        for source in sources:
            part = self._of(lane, round_, source)
            if isinstance(part, str):
                return part
            parts.append(part)
        return total(parts)

    def _of(self, lane: LaneSummary, round_: RoundSummary, source: Source) -> Joules | str:
        """Return the energy of one source in a round, or why it is unknown."""
        key = lane.lane_id, round_.round, f"{source.name}, {source.source}"
        if (cached := self._cache.get(key)) is not None:
            return cached
        bounds = self._bounds.of(lane.lane_id, round_.round)
        if bounds is None or bounds.end is None:
            return _NO_BOUNDS
        if (foreign := self._foreign.get((lane.lane_id, round_.round))) is not None:
            return foreign
        joules = source.series.between(bounds.start, bounds.end)
        if isinstance(joules, str):
            return f"{source.name}: {joules}"
        return self._cache.setdefault(key, joules)


def _summary(lane: LaneSummary, metric: Metric, refused: str | None, parts: str) -> MetricSummary:
    """Combine the counted rounds of a metric, which says what it covers."""
    formula = f"{metric.formula}; {parts}" if parts else metric.formula
    metric = msgspec.structs.replace(metric, formula=formula)
    blank = Measured(metric=metric.name, value=None, reason=refused)
    numbers = [
        next((figure for figure in round_.measured if figure.metric == metric.name), blank)
        for round_ in lane.rounds
        if round_.counted
    ]
    return estimated(metric, numbers).summary


def _integrated(capabilities: Any) -> frozenset[int]:
    """Return the numbers of the GPUs that share a chip with the processor."""
    facts = msgspec.to_builtins(capabilities) if capabilities is not None else {}
    hardware = facts.get("hardware") if isinstance(facts, Mapping) else None
    gpus = hardware.get("gpus") if isinstance(hardware, Mapping) else None
    return frozenset(
        gpu["index"]
        for gpu in (gpus if isinstance(gpus, list | tuple) else ())
        if isinstance(gpu, Mapping) and gpu.get("unified") and isinstance(gpu.get("index"), int)
    )


def _foreign(text: TextFacts | None) -> str | None:
    if text is None:
        return None
    if text.simulated:
        return "the round was simulated"
    if text.engine.host is not None:
        return f"the engine does not run on this machine: {text.engine.host}"
    return None
