"""A run as a line of a list: what is shown of it and found by, without opening its folder."""

import msgspec

from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary


class RowLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane with its first headline metric; `value` is null where there is none."""

    label: str
    machine_id: str
    backend: str
    metric: str | None = None
    value: float | None = None
    unit: str | None = None


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """`winner` is the label of the lane that won; times are wall seconds."""

    run_id: str
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


def row(metadata: RunMetadata, summary: RunSummary | None) -> RunRow:
    """Make a run's row; `summary` is None until it has one."""
    headlines = {} if summary is None else _headlines(summary)
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
            headlines.get(lane.lane_id)
            or RowLane(label=lane.label, machine_id=lane.machine_id, backend=lane.backend)
            for lane in metadata.lanes
        ),
        winner=None if summary is None else _winner(summary),
        notes=metadata.notes,
    )


def sort_key(row: RunRow) -> str:
    """Give the text by which runs sort in the order of their making.

    An id says the second; its last part is random, so the microsecond comes before that.
    """
    second, _, drawn = row.run_id.rpartition("_")
    return f"{second}_{int(row.created_at % 1 * 1e6):06}_{drawn}"


def searched(row: RunRow) -> str:
    """Give the text that a search looks in, in lower case."""
    lanes = (part for lane in row.lanes for part in (lane.label, lane.machine_id, lane.backend))
    parts = (row.run_id, row.kind, row.name or "", row.notes or "", *row.tags, *lanes)
    return "\n".join(dict.fromkeys(parts)).lower()


def _headlines(summary: RunSummary) -> dict[str, RowLane]:
    made = {}
    for lane in summary.lanes:
        name = next((name for name, each in lane.summary.items() if each.headline), None)
        found = None if name is None else lane.summary[name]
        made[lane.lane_id] = RowLane(
            label=lane.label,
            machine_id=lane.machine_id,
            backend=lane.backend,
            metric=name,
            value=None if found is None else found.value,
            unit=None if found is None else found.unit,
        )
    return made


def _winner(summary: RunSummary) -> str | None:
    return next((each.label for each in summary.lanes if each.lane_id == summary.winner), None)
