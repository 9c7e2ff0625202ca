"""The difference of two estimates against scipy's Welch interval, and where there is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.stats.comparison.difference import difference
from benchrace.stats.estimate import Estimate, sample

# To import scipy takes a second: one process does it for all.
pytestmark = pytest.mark.xdist_group("scipy")

# In steps of a thousandth: scipy warns of values that differ in their last digit alone.
SAMPLES = st.lists(
    st.integers(1_000, 1_000_000).map(lambda n: n / 1_000), min_size=2, max_size=12, unique=True
)


@pytest.mark.slow
@given(SAMPLES, SAMPLES)
def test_the_interval_is_welch_s(reference: Any, one: list[float], other: list[float]) -> None:
    result = difference(sample(one), sample(other))
    wanted = reference.ttest_ind(other, one, equal_var=False).confidence_interval(0.95)
    assert result.ci95 == pytest.approx((wanted.low, wanted.high), rel=1e-6, abs=1e-6)


def test_the_relative_difference_is_of_the_size_of_the_first() -> None:
    result = difference(sample([-10.0, -10.0]), sample([-5.0, -5.0]))
    assert (result.value, result.relative, result.ci95) == (5.0, 0.5, (5.0, 5.0))
    assert result.excludes_zero is True


def test_one_round_has_a_difference_and_no_interval() -> None:
    result = difference(sample([10.0]), sample([12.0, 13.0]))
    assert (result.value, result.ci95, result.excludes_zero) == (2.5, None, None)
    assert result.reason == "one of the two has no interval"


def test_no_value_has_no_difference() -> None:
    result = difference(Estimate(value=None), sample([1.0]))
    assert (result.value, result.relative) == (None, None)
    assert difference(sample([0.0]), sample([1.0])).relative is None
