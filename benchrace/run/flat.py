"""The older, flat form of a summary: one median per metric."""

from collections import Counter
from typing import Any

import msgspec

from benchrace.run.summary import LaneSummary, RunSummary

Flat = dict[str, float | int | str | None]


def flat(summary: RunSummary) -> dict[str, Flat]:
    """Return each lane's medians by machine id, or by lane id where a machine has several."""
    shared = Counter(lane.machine_id for lane in summary.lanes)
    return {
        lane.machine_id if shared[lane.machine_id] == 1 else lane.lane_id: _lane(lane)
        for lane in summary.lanes
    }


def _lane(lane: LaneSummary) -> Flat:
    medians: Flat = {name: whole(metric.median) for name, metric in lane.summary.items()}
    return {
        **medians,
        "label": lane.label,
        "machine_id": lane.machine_id,
        "engine": lane.backend,
        "repeat": lane.counted,
        "error": None if lane.error is None else lane.error.message,
    }


def whole(value: float | None) -> float | int | None:
    """Return a whole number as one: the median of two counts is a count."""
    return int(value) if value is not None and value == int(value) else value


def summary_file(summary: RunSummary) -> dict[str, Any]:
    """Return the content of a run's `summary.json`: the summary, and its flat form beside it."""
    whole: dict[str, Any] = msgspec.to_builtins(summary)
    return {**flat(summary), **whole}
