"""The older, flat form of a summary: one number a metric, of medians."""

from collections import Counter
from typing import Any

import msgspec

from benchrace.run.summary import LaneSummary, RunSummary

Flat = dict[str, float | int | str | None]


def flat(summary: RunSummary) -> dict[str, Flat]:
    """Give each lane's medians under its machine's id, or its own where a machine has several."""
    shared = Counter(lane.machine_id for lane in summary.lanes)
    return {
        lane.machine_id if shared[lane.machine_id] == 1 else lane.lane_id: _lane(lane)
        for lane in summary.lanes
    }


def _lane(lane: LaneSummary) -> Flat:
    medians: Flat = {name: _whole(metric.median) for name, metric in lane.summary.items()}
    return {
        **medians,
        "label": lane.label,
        "machine_id": lane.machine_id,
        "engine": lane.backend,
        "repeat": lane.counted,
        "error": None if lane.error is None else lane.error.message,
    }


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def summary_file(summary: RunSummary) -> dict[str, Any]:
    """Give what a run's `summary.json` holds: the whole summary, and the flat form beside it."""
    whole: dict[str, Any] = msgspec.to_builtins(summary)
    return {**flat(summary), **whole}
