"""Which runs are of one series."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec
from benchrace.run.states import RunState
from benchrace.store.series import series_key
from tests.stats.conftest import run

__all__ = ["run"]
Run = Callable[..., RunMetadata]


def with_lane(run: RunMetadata, **changes: Any) -> RunMetadata:
    first, *others = run.lanes
    return msgspec.structs.replace(run, lanes=(msgspec.structs.replace(first, **changes), *others))


def test_names_times_and_rounds_make_no_other_series(run: Run) -> None:
    one = with_lane(run(), params={"n": 1, "list": ("a",)})
    other = msgspec.structs.replace(
        one,
        run_id="s",
        name="name",
        notes="why",
        tags=("t",),
        created_at=9.0,
        salt="else",
        state=RunState.DONE,
        rounds=50,
        version="2",
        spec=RunSpec(kind="k", rounds=50),
    )
    lane: dict[str, Any] = {"list": ["a"], "n": 1, "added": None}
    assert series_key(with_lane(other, label="else", params=lane)) == series_key(one)
    assert len(series_key(one)) == 16


@pytest.mark.parametrize(
    "lane", [{"params": {"n": 2}}, {"machine_id": "x"}, {"backend": "x"}, {"params": {"m": 1}}]
)
def test_another_lane_makes_another_series(run: Run, lane: dict[str, Any]) -> None:
    assert series_key(with_lane(run(), **lane)) != series_key(with_lane(run(), params={"n": 1}))


@pytest.mark.parametrize("change", [{"kind": "x"}, {"warmup": 2}, {"order": Order.CONTIGUOUS}])
def test_other_conditions_make_another_series(run: Run, change: dict[str, Any]) -> None:
    assert series_key(msgspec.structs.replace(run(), **change)) != series_key(run())
    assert series_key(run(lanes=1)) != series_key(run(lanes=2))
