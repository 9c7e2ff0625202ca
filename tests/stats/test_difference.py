"""The difference of two estimates against scipy's Welch interval, and where there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from benchrace.stats.difference import difference
from benchrace.stats.estimate import Estimate, sample

SAMPLES = st.lists(st.floats(1, 1000), min_size=2, max_size=12).filter(lambda x: len(set(x)) > 1)


@given(SAMPLES, SAMPLES)
def test_the_interval_is_welch_s(one: list[float], other: list[float]) -> None:
    found = difference(sample(one), sample(other))
    wanted = reference.ttest_ind(other, one, equal_var=False).confidence_interval(0.95)
    assert found.ci95 == pytest.approx((wanted.low, wanted.high), rel=1e-6, abs=1e-6)


def test_the_relative_difference_is_of_the_size_of_the_first() -> None:
    found = difference(sample([-10.0, -10.0]), sample([-5.0, -5.0]))
    assert (found.value, found.relative, found.ci95) == (5.0, 0.5, (5.0, 5.0))
    assert found.excludes_zero is True


def test_one_round_has_a_difference_and_no_interval() -> None:
    found = difference(sample([10.0]), sample([12.0, 13.0]))
    assert (found.value, found.ci95, found.excludes_zero) == (2.5, None, None)
    assert found.reason == "one of the two has no interval"


def test_no_value_has_no_difference() -> None:
    found = difference(Estimate(value=None), sample([1.0]))
    assert (found.value, found.relative) == (None, None)
    assert difference(sample([0.0]), sample([1.0])).relative is None
