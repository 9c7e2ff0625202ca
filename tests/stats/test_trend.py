import math
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.kinds import Better
from benchrace.stats.trend import p_value, trend

# To import scipy takes a second: one process does it for all.
pytestmark = pytest.mark.xdist_group("scipy")


def s_of(values: list[float]) -> int:
    pairs = [(a, b) for i, a in enumerate(values) for b in values[i + 1 :]]
    return sum((b > a) - (b < a) for a, b in pairs)


@pytest.mark.slow
@given(st.lists(st.integers(0, 10**6).map(float), min_size=3, max_size=30, unique=True))
def test_few_values_are_tested_exactly(reference: Any, values: list[float]) -> None:
    expected = reference.kendalltau(range(len(values)), values, method="exact").pvalue
    assert p_value(s_of(values), values) == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.slow
@given(st.lists(st.integers(0, 40).map(float), min_size=31, max_size=60))
def test_many_values_and_equal_ones_by_the_normal_distribution(
    reference: Any, values: list[float]
) -> None:
    if len(set(values)) > 1:
        tested = reference.kendalltau(range(len(values)), values, method="asymptotic")
        assert p_value(s_of(values), values) == pytest.approx(float(tested.pvalue), abs=1e-9)


@pytest.mark.slow
def test_the_slope_is_sen_s(reference: Any) -> None:
    values = [121.0, 160, 180, 195, 204]
    drift = trend(values)
    assert drift is not None
    slope = reference.theilslopes([math.log(value) for value in values]).slope
    assert drift.change == pytest.approx(math.exp(slope * 4) - 1)
    assert drift.p_value == pytest.approx(2 / 120)
    assert drift.drifts


def test_what_falls_never_loses_more_than_all() -> None:
    drift = trend([408.0, 240, 150, 90, 70.7])
    assert drift is not None
    assert -0.9 < drift.change < -0.8
    below_zero = trend([4.0, 2, 1, -1, -2])
    assert below_zero is not None
    assert below_zero.change == pytest.approx(-1.5 * 4)


def test_a_rate_that_is_quartered_and_a_time_that_is_quadrupled_are_alike() -> None:
    values = [400.0, 283, 200, 141, 100]
    rate, time = trend(values), trend(values[::-1])
    assert rate is not None
    assert time is not None
    assert rate.times_better(Better.HIGHER) == pytest.approx(0.25, abs=0.01)
    assert time.times_better(Better.LOWER) == pytest.approx(0.25, abs=0.01)
    assert time.times_better(Better.HIGHER) == pytest.approx(4, abs=0.1)


def test_five_rounds_in_order_are_a_drift_and_four_are_not_enough() -> None:
    rising = [100.0, 110, 120, 130, 140]
    for values, wanted in ((rising, True), (rising[::-1], True), (rising[:4], False)):
        drift = trend(values)
        assert drift is not None
        assert drift.drifts is wanted


def test_a_drift_of_less_than_two_percent_changes_nothing() -> None:
    drift = trend([100.0, 100.1, 100.2, 100.3, 100.4])
    assert drift is not None
    assert (drift.p_value < 0.05, drift.drifts) == (True, False)


def test_chance_looks_like_a_drift_in_at_most_one_run_of_twenty() -> None:
    random, runs = Random(3), 1000
    drifts = [trend([random.gauss(100, 10) for _ in range(8)]) for _ in range(runs)]
    assert sum(drift is not None and drift.drifts for drift in drifts) <= 0.07 * runs


def test_thousands_of_rounds_are_tested_in_groups() -> None:
    random = Random(1)
    drift = trend([1000 + i / 10 + random.gauss(0, 30) for i in range(5000)])
    assert drift is not None
    assert drift.drifts
    assert drift.change == pytest.approx(500 / 1000, rel=0.05)


def test_what_cannot_drift() -> None:
    assert trend([]) is None
    assert trend([1.0, 2.0]) is None
    assert trend([-1.0, 0.0, 1.0]) is None
    steady = trend([5.0] * 6)
    assert steady is not None
    assert (steady.p_value, steady.change, steady.drifts) == (1.0, 0.0, False)
