"""Rows of the live display that are of no round."""

import msgspec
import pytest

from benchrace.cli.race.live import _state
from benchrace.view.lane import FETCHING_UNIT, LaneState, LaneView

WAITING = LaneView(
    lane_id="lane-0",
    label="a",
    machine_id="m",
    state=LaneState.WAITING,
    round=None,
    ended=0,
    counted=0,
    planned=1,
    fraction=None,
    done=None,
    total=None,
    unit="",
    elapsed_ns=0,
    seen_s=None,
    remaining_ns=None,
    last_ns=None,
    best_ns=None,
    lines=(),
    error=None,
    place=None,
)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "waiting"),
        ({"unit": FETCHING_UNIT, "done": 1.0, "total": 4.0, "fraction": 0.25}, "fetch 25%"),
        ({"unit": FETCHING_UNIT, "done": 1.0}, "fetching"),
        ({"unit": FETCHING_UNIT, "done": 4.0, "total": 4.0, "fraction": 1.0}, "waiting"),
        ({"unit": "steps", "done": 1.0, "total": 4.0, "fraction": 0.25}, "waiting"),
    ],
)
def test_a_file_on_its_way_is_shown_with_its_share(fields: dict[str, object], text: str) -> None:
    assert _state(msgspec.structs.replace(WAITING, **fields)) == text
