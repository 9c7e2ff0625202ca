"""The load beyond which more gains less speed than it costs in waiting."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.events import Measured
from benchrace.run.summary import Knee
from benchrace.stats.text.knee import power
from tests.stats.text_run import SERVE, Log, ratio, run


def swept(loads: Mapping[int, tuple[float, float]], **params: Any) -> tuple[Knee, ...]:
    """A run with a lane for each load: throughput, and latency in ms."""
    name = "rate" if params.get("arrival", "closed") != "closed" else "concurrency"
    lanes = [{name: load, "arrival": "closed", **params} for load in loads]
    log = Log(run(*lanes, kind=SERVE))
    for at, (throughput, latency) in enumerate(loads.values()):
        log.done(
            at,
            0,
            ratio("throughput_tokens_per_s", throughput, 1.0),
            Measured(metric="total_mean_ms", value=latency),
        )
    return log.fold.summary().knees


# Power: 100, 180, 200, 150, 80.
SWEEP = {
    1: (100.0, 1000.0),
    2: (198.0, 1100.0),
    4: (360.0, 1800.0),
    8: (375.0, 2500.0),
    16: (400.0, 5000.0),
}


def test_the_knee_is_where_the_power_is_greatest() -> None:
    (knee,) = swept(SWEEP)
    assert [round(point.power) for point in knee.points] == [100, 180, 200, 150, 80]
    assert (knee.swept, knee.load, knee.lane_id, knee.reason) == ("concurrency", 4, "lane-2", None)


def test_an_open_loop_sweeps_its_rate() -> None:
    (knee,) = swept(SWEEP, arrival="poisson", concurrency=64)
    assert (knee.swept, knee.load) == ("rate", 4)


@pytest.mark.parametrize(
    ("loads", "reason"),
    [
        ((1, 2), "a knee needs 3"),
        ((1, 2, 4), "sweep beyond 4"),
        ((4, 8, 16), "sweep below 4"),
    ],
)
def test_a_knee_that_may_lie_beyond_is_not_told(loads: tuple[int, ...], reason: str) -> None:
    (knee,) = swept({load: SWEEP[load] for load in loads})
    assert (knee.load, knee.lane_id) == (None, None)
    assert reason in (knee.reason or "")


def test_one_stream_can_be_the_knee() -> None:
    (knee,) = swept({1: (100, 1000), 2: (110, 2000), 4: (115, 4000)})
    assert knee.load == 1


def test_lanes_that_differ_in_more_are_no_sweep() -> None:
    log = Log(run({"concurrency": 1, "model": "a"}, {"concurrency": 2, "model": "b"}, kind=SERVE))
    assert log.fold.summary().knees == ()
    assert swept({}) == ()
    assert swept({1: (100, 1000)}) == ()


def test_single_answers_have_no_load() -> None:
    assert Log(run({"max_tokens": 1}, {"max_tokens": 1})).fold.summary().knees == ()


@given(st.dictionaries(st.integers(1, 256), st.floats(0.1, 0.99), min_size=4, max_size=9))
def test_the_knee_has_the_greatest_power_of_all(sweep: dict[int, float]) -> None:
    (knee,) = swept({load: (100 * load**share, 1000 * load**0.6) for load, share in sweep.items()})
    best = max(point.power for point in knee.points)
    assert best == max(power(point.throughput, point.latency_ms) for point in knee.points)
    if knee.load is not None:
        assert next(point for point in knee.points if point.lane_id == knee.lane_id).power == best
    else:
        assert knee.reason
