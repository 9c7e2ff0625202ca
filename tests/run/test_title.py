"""What a race is called that nobody has named."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import LaneSpec
from benchrace.run.title import title
from tests.stats.conftest import run

__all__ = ["run"]


@pytest.fixture
def race(run: Callable[..., RunMetadata]) -> Callable[..., RunMetadata]:
    """Four lanes: two sizes on each of two machines."""

    def change(**changes: Any) -> RunMetadata:
        metadata = run(lanes=4)
        lanes = [
            msgspec.structs.replace(lane, machine_id="ab"[at // 2], params={"size": at % 2})
            for at, lane in enumerate(metadata.lanes)
        ]
        return msgspec.structs.replace(metadata, lanes=tuple(lanes), **changes)

    return change


def test_machines_have_their_labels_where_these_are_known(race: Callable[..., RunMetadata]) -> None:
    assert title(race()) == "size 0 vs size 1, a and b"
    assert title(race(machines={"a": {"label": "Left"}, "b": {"label": 3}})) == (
        "size 0 vs size 1, Left and b"
    )


def test_a_single_lane_is_named_by_its_work(run: Callable[..., RunMetadata]) -> None:
    alone = run(lanes=1)
    (workload,) = alone.workloads.values()
    machine = alone.lanes[0].machine_id
    assert title(alone) == f"{workload.title} on {machine}"
    assert title(msgspec.structs.replace(alone, workloads={})) == f"{alone.kind} on {machine}"
    labelled = msgspec.structs.replace(alone.lanes[0], spec_index=0)
    spec = msgspec.structs.replace(alone.spec, lanes=(LaneSpec(label="mine"),))
    named = msgspec.structs.replace(alone, spec=spec, lanes=(labelled,))
    assert title(named) == alone.lanes[0].label


def test_labels_of_people_are_kept(race: Callable[..., RunMetadata]) -> None:
    metadata = race()
    spec = msgspec.structs.replace(metadata.spec, lanes=(LaneSpec(label="mine"),))
    lanes = [msgspec.structs.replace(lane, spec_index=0) for lane in metadata.lanes]
    named = msgspec.structs.replace(metadata, spec=spec, lanes=tuple(lanes))
    assert title(named) == "Lane 0 vs Lane 1 vs Lane 2 and 1 more"


def test_a_place_in_the_specification_that_is_not_there_is_no_label(
    race: Callable[..., RunMetadata],
) -> None:
    metadata = race()
    lanes = [msgspec.structs.replace(lane, spec_index=7) for lane in metadata.lanes]
    assert title(msgspec.structs.replace(metadata, lanes=tuple(lanes))) == (
        "size 0 vs size 1, a and b"
    )


def test_many_lanes_are_named_by_their_values_though_some_combinations_do_not_race(
    race: Callable[..., RunMetadata],
) -> None:
    metadata = race()
    last = metadata.lanes[-1]
    third = msgspec.structs.replace(last, params={"size": 2})
    lanes = (*metadata.lanes, third)
    assert title(msgspec.structs.replace(metadata, lanes=lanes)) == (
        "size 0 vs size 1 vs size 2, a and b"
    )
    few = (metadata.lanes[0], metadata.lanes[1], last)
    assert title(msgspec.structs.replace(metadata, lanes=few)) == "Lane 0 vs Lane 1 vs Lane 3"
