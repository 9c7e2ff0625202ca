"""Logs with the states that they end in; the page's reducer is held to the same files."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.view.race import RaceView

FOLDER = Path(__file__).parents[1] / "golden"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def view_of(expectation: dict[str, Any]) -> RaceView:
    return RaceView(
        RunMetadata(
            run_id="2026-01-01_000000_000000",
            version="1",
            created_at=0,
            spec=RunSpec(kind="compute"),
            state=RunState.RUNNING,
            kind="compute",
            order=Order.ABBA,
            sync=Sync.FIRST_HEAT,
            salt="",
            rounds=expectation["rounds"],
            warmup=expectation["warmup"],
            lanes=tuple(
                RunLane(label=lane["lane_id"], backend="compute", params={}, **lane)
                for lane in expectation["lanes"]
            ),
        )
    )


@pytest.mark.parametrize("size", [1, 1 << 20], ids=["bytewise", "whole"])
@pytest.mark.parametrize("name", NAMES)
def test_a_log_ends_in_the_expected_states(name: str, size: int) -> None:
    expectation = json.loads((FOLDER / f"{name}.json").read_bytes())
    view = view_of(expectation)
    log = (FOLDER / f"{name}.ndjson").read_bytes()
    for start in range(0, len(log), size):
        view.feed(log[start : start + size])
    assert view.ended
    assert {
        lane.lane_id: {
            "state": lane.state,
            "round": lane.round,
            "counted": lane.counted,
            "place": lane.place,
            "error": lane.error and lane.error.category,
        }
        for lane in view.lanes
    } == expectation["expected"]


def test_there_are_logs() -> None:
    assert len(NAMES) >= 8
    assert {path.stem for path in FOLDER.glob("*.ndjson")} == set(NAMES)
