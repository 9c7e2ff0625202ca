"""A run as a row of a list: what is shown and searched without opening its folder."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from benchrace.formatting import prose
from benchrace.ids import LaneId, MachineId, Name, RunId
from benchrace.kinds import Better
from benchrace.run.metadata import RunMetadata, machine_label, occupied
from benchrace.run.planning.labels import phrase
from benchrace.run.result import ConfidenceLevel, LaneResult, Result
from benchrace.run.states import RunState
from benchrace.run.summary import LaneSummary, RunSummary
from benchrace.run.title import title
from benchrace.store.series import series_key

_LEVELS = (ConfidenceLevel.LOW, ConfidenceLevel.MEDIUM, ConfidenceLevel.HIGH)


class RowLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane with the ranking metric, or its first headline metric where nothing is ranked.

    `value` is null where it has neither; `better` says which values are. `share` and `place` are
    those of the run's result.
    """

    label: str
    machine_id: MachineId
    backend: Name
    metric: str | None = None
    value: float | None = None
    unit: str | None = None
    better: Better | None = None
    share: float | None = None
    place: int | None = None


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a race: the sentences of its `Result`.

    `leader` and `tied` are labels, `tied` empty where a lane won; `ratio` says how many times
    better the leader is than the second lane. `doubt` is the confidence in words.
    """

    headline: str
    margin: str | None
    confidence: ConfidenceLevel
    doubt: str
    leader: str
    tied: tuple[str, ...]
    ratio: float | None


class RowMachine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine with its processor and GPUs by the names that they have for themselves."""

    machine_id: MachineId
    label: str | None = None
    cpu: str | None = None
    gpus: tuple[str, ...] = ()


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """`title` is made of the lanes, for a run without a name; times are wall seconds.

    `winner` is the label of the lane that won. `result` is null while nothing is ranked. `series`
    is the same in runs of the same work and lanes; `work` is how much work the lanes had, where it
    was the same: `N 20 million`. The machines of a `simulated` run are invented. `continues` is
    the run that this one repeats with more rounds. Retention never removes a `pinned` one.
    """

    run_id: RunId
    state: RunState
    kind: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    name: str | None
    tags: tuple[str, ...]
    rounds: int
    lanes: tuple[RowLane, ...]
    winner: str | None
    notes: str | None = None
    title: str = ""
    result: RowResult | None = None
    machines: tuple[RowMachine, ...] = ()
    series: str = ""
    work: str = ""
    simulated: bool = False
    continues: str | None = None
    pinned: bool = False


def build_row(metadata: RunMetadata, summary: RunSummary | None) -> RunRow:
    """Build a run's row; `summary` is None until it has one."""
    figures = {} if summary is None else _figures(summary)
    labels = {lane.lane_id: lane.label for lane in metadata.lanes}
    return RunRow(
        run_id=metadata.run_id,
        state=metadata.state,
        kind=metadata.kind,
        created_at=metadata.created_at,
        started_at=metadata.started_at,
        ended_at=metadata.ended_at,
        name=metadata.name,
        tags=metadata.tags,
        rounds=metadata.rounds,
        lanes=tuple(
            figures.get(lane.lane_id)
            or RowLane(label=lane.label, machine_id=lane.machine_id, backend=lane.backend)
            for lane in metadata.lanes
        ),
        winner=labels.get(summary.winner) if summary is not None and summary.winner else None,
        notes=metadata.notes,
        title=title(metadata),
        result=None if summary is None else _result(summary.result, labels),
        machines=tuple(_machines(metadata)),
        series=series_key(metadata),
        work=", ".join(_work(metadata)),
        simulated=metadata.simulated or (summary is not None and summary.simulated),
        continues=metadata.spec.continues,
        pinned=metadata.pinned,
    )


def sort_key(row: RunRow) -> str:
    """Return the text by which runs sort in the order of their creation.

    An id says the second; its last part is random, so the microsecond comes before that.
    """
    second, _, drawn = row.run_id.rpartition("_")
    return f"{second}_{int(row.created_at % 1 * 1e6):06}_{drawn}"


def searched(row: RunRow) -> str:
    """Return the text that a search looks in, in lower case."""
    lanes = (part for lane in row.lanes for part in (lane.label, lane.machine_id, lane.backend))
    machines = (machine.machine_id for machine in row.machines)
    parts = (row.run_id, row.kind, row.name or "", row.notes or "", *row.tags, *lanes, *machines)
    return "\n".join(dict.fromkeys(parts)).lower()


def columns(row: RunRow) -> tuple[str | float | None, ...]:
    """Return what runs are sorted by: title, ratio, value, confidence and hardware."""
    result = row.result
    first = next((lane for lane in row.lanes if lane.share == 1), None)
    level = None if result is None else _LEVELS.index(result.confidence)
    names = (name for machine in row.machines for name in (*machine.gpus, machine.cpu) if name)
    machine = next(names, None) or next((lane.machine_id for lane in row.lanes), None)
    return (
        (row.name or row.title).lower() or None,
        None if result is None else result.ratio,
        None if first is None else first.value,
        level,
        None if machine is None else machine.lower(),
    )


def _work(run: RunMetadata) -> Iterator[str]:
    """Yield the numbers that say how much work each lane had, by title."""
    for workload in tuple(run.workloads.values())[:1]:
        properties = workload.params_schema.get("properties", {})
        for name in workload.work:
            value = run.lanes[0].params.get(name) if run.lanes else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if all(lane.params.get(name) == value for lane in run.lanes):
                field = properties.get(name, {})
                words = phrase(value, field.get("phrases")) if isinstance(value, int) else ""
                yield words or f"{field.get('title', name)} {prose(value)}"


def _figures(summary: RunSummary) -> dict[LaneId, RowLane]:
    ranked = {} if summary.result is None else {one.lane_id: one for one in summary.result.lanes}
    ranking = None if summary.result is None else summary.result.metric
    return {
        lane.lane_id: _figure(lane, ranking, ranked.get(lane.lane_id)) for lane in summary.lanes
    }


def _figure(lane: LaneSummary, ranking: str | None, ranked: LaneResult | None) -> RowLane:
    headlines = (name for name, estimate in lane.summary.items() if estimate.headline)
    name = ranking if ranking in lane.summary else next(headlines, None)
    estimate = None if name is None else lane.summary[name]
    return RowLane(
        label=lane.label,
        machine_id=lane.machine_id,
        backend=lane.backend,
        metric=name,
        value=None if estimate is None else estimate.value,
        unit=None if estimate is None else estimate.unit,
        better=None if estimate is None else estimate.better,
        share=None if ranked is None else ranked.share,
        place=None if ranked is None else ranked.place,
    )


def _result(result: Result | None, labels: Mapping[LaneId, str]) -> RowResult | None:
    if result is None:
        return None
    return RowResult(
        headline=result.headline,
        margin=result.margin,
        confidence=result.confidence.level,
        doubt=result.confidence.text,
        leader=labels.get(result.leader, result.leader),
        tied=tuple(labels.get(lane_id, lane_id) for lane_id in result.tied),
        ratio=None if result.ratio is None else result.ratio.value,
    )


def _machines(metadata: RunMetadata) -> Iterator[RowMachine]:
    for machine_id in occupied(metadata):
        # An agent of any version described it.
        hardware = _at(metadata.machines.get(machine_id), "hardware")
        gpus = _at(hardware, "gpus")
        names = [_at(gpu, "name") for gpu in gpus] if isinstance(gpus, list | tuple) else []
        cpu = _at(_at(hardware, "cpu"), "model")
        yield RowMachine(
            machine_id=machine_id,
            label=machine_label(metadata, machine_id),
            cpu=cpu if isinstance(cpu, str) else None,
            gpus=tuple(name for name in names if isinstance(name, str)),
        )


def _at(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
