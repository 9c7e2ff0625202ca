"""What one stored run says of ceilings, and of engines that came near to them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchrace import structs
from benchrace.central.ceilings.conditions import Conditions, conditions
from benchrace.central.runs.summaries import summary_of
from benchrace.errors import BenchraceError
from benchrace.events import Level, RoundDone, decode
from benchrace.ids import LaneId, MachineId, Name, RunId
from benchrace.run.findings.ceiling import LIMITS, Ceiling, Limit
from benchrace.run.lane import RunLane
from benchrace.run.planning.prediction import precision
from benchrace.run.summary import LaneSummary, RoundSummary
from benchrace.stats.moments import mean
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import StoredLog
from benchrace.view.lines import Lines

_ROUND = b'{"type":"round_done",'


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A ceiling of one machine by one run; `variant` is the format or precision, else empty."""

    machine_id: MachineId
    limit: Limit
    variant: str
    ceiling: Ceiling


class SuspectReading(msgspec.Struct, frozen=True, kw_only=True):
    """A lane that was to measure a ceiling, and has no VALID round; `why` is its verdict."""

    machine_id: MachineId
    limit: Limit
    why: str


class EngineReading(msgspec.Struct, frozen=True, kw_only=True):
    """How fast an engine's lane read its weights (bytes/s), and multiplied them in prefill.

    `precision` is that of matrix products of such weights, `bytes_per_token` what a token read,
    `width` the model's, null where that is unknown.
    """

    machine_id: MachineId
    backend: Name
    run_id: RunId
    bytes_per_s: float | None
    flop_per_s: float | None
    precision: str
    quantization: str = ""
    bytes_per_token: int = 0
    width: int | None = None


class RunReadings(msgspec.Struct, frozen=True, kw_only=True):
    """All of one run, with what its machines were then."""

    run_id: RunId
    conditions: dict[MachineId, Conditions] = {}
    ceilings: tuple[Reading, ...] = ()
    suspect: tuple[SuspectReading, ...] = ()
    engines: tuple[EngineReading, ...] = ()


class _Ran(msgspec.Struct, frozen=True):
    """What a round's record says of how it ran."""

    threads_used: int | None = None
    cpu_tier: str | None = None


def read(runs_dir: Path, run_id: RunId) -> RunReadings:
    """Read a run that is over; blocking. Raises BenchraceError or OSError if it cannot be read."""
    folder = RunFolder.open(runs_dir, run_id)
    summary = summary_of(folder)
    limits = [limit for limit in LIMITS if limit.kind == folder.metadata.kind]
    ran = _ran(folder) if limits else {}
    run = folder.metadata
    if run.simulated or summary.simulated:
        return RunReadings(run_id=run_id)
    seen = {machine_id: conditions(machine) for machine_id, machine in run.machines.items()}
    planned = {lane.lane_id: lane for lane in run.lanes}
    readings = (
        _reading(limit, planned[lane.lane_id], lane, ran, (run_id, run.created_at))
        for limit in limits
        for lane in summary.lanes
        if lane.lane_id in planned
    )
    return RunReadings(
        run_id=run_id,
        conditions={machine_id: one for machine_id, one in seen.items() if one is not None},
        ceilings=tuple(reading for reading in readings if reading is not None),
        suspect=tuple(_suspect(limits, summary.lanes)),
        engines=tuple(_engines(run_id, summary.lanes)),
    )


def _suspect(limits: list[Limit], lanes: tuple[LaneSummary, ...]) -> Iterator[SuspectReading]:
    for lane in lanes:
        verdicts = {round_.verdict for round_ in lane.rounds if not round_.warmup}
        if Level.SUSPECT not in verdicts or Level.VALID in verdicts:
            continue
        marks = "; ".join(mark.text for mark in lane.marks)
        why = f"SUSPECT: {marks}" if marks else "SUSPECT"
        for limit in limits:
            if limit.metric in lane.summary:
                yield SuspectReading(machine_id=lane.machine_id, limit=limit, why=why)


def _reading(
    limit: Limit,
    planned: RunLane,
    lane: LaneSummary,
    ran: dict[LaneId, _Ran],
    source: tuple[RunId, float],
) -> Reading | None:
    """Return what a lane measured in its VALID rounds; None where it has none."""
    values = [value for round_ in lane.rounds for value in _values(limit, round_)]
    declared = lane.summary.get(limit.metric)
    if not values or declared is None:
        return None
    how = ran.get(lane.lane_id, _Ran())
    run_id, at = source
    return Reading(
        machine_id=lane.machine_id,
        limit=limit,
        variant="" if limit.param is None else str(planned.params.get(limit.param, "")),
        ceiling=Ceiling(
            value=mean(values),
            unit=declared.unit,
            threads=how.threads_used,
            tier=how.cpu_tier,
            at=at,
            run_id=run_id,
            lane_id=lane.lane_id,
        ),
    )


def _values(limit: Limit, round_: RoundSummary) -> Iterator[float]:
    if round_.warmup or round_.verdict is not Level.VALID:
        return
    for figure in round_.measured:
        if figure.metric == limit.metric and figure.value is not None:
            yield figure.value


def _engines(run_id: RunId, lanes: tuple[LaneSummary, ...]) -> Iterator[EngineReading]:
    for lane in lanes:
        near = lane.ceiling
        if lane.verdict is not Level.VALID or near is None or near.bytes_per_s is None:
            continue
        yield EngineReading(
            machine_id=lane.machine_id,
            backend=lane.backend,
            run_id=run_id,
            bytes_per_s=near.bytes_per_s,
            flop_per_s=near.flop_per_s,
            # An older version did not store it.
            precision=near.precision or precision(_quantization(lane)),
            quantization=_quantization(lane) or "",
            bytes_per_token=near.bytes_per_token or 0,
            width=near.width,
        )


def _quantization(lane: LaneSummary) -> str | None:
    engines = () if lane.text is None else lane.text.engines
    return engines[0].quantization if engines else None


def _ran(folder: RunFolder) -> dict[LaneId, _Ran]:
    """Return how the last round of each lane ran, from the log."""
    ran: dict[LaneId, _Ran] = {}
    log, lines, offset = StoredLog(folder.log_path, folder.metadata.epoch), Lines(), 0
    try:
        while data := log.read(offset):
            offset += len(data)
            for line in lines.feed(data):
                if line.startswith(_ROUND) and (entry := _round(line)) is not None:
                    ran[entry[0]] = entry[1]
    finally:
        log.close()
    return ran


def _round(line: bytes) -> tuple[LaneId, _Ran] | None:
    try:
        event: Any = decode(line)
        if isinstance(event, RoundDone) and event.lane_id is not None:
            return event.lane_id, structs.convert(event.payload.record or {}, _Ran)
    except (msgspec.MsgspecError, BenchraceError):
        # A damaged line, or one of a newer version, says nothing.
        return None
    return None
