import math
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.stats.moments import deviation, mean, moments, usable

SAMPLES = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30)


@given(SAMPLES)
def test_the_mean_is_exact_to_the_last_bit_or_so(values: list[float]) -> None:
    exact = sum(map(Fraction, values)) / len(values)
    assert mean(values) == pytest.approx(float(exact), rel=1e-15, abs=1e-320)
    assert min(values) <= mean(values) <= max(values)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.sampled_from([0, 1e9, 1e-30]))
def test_the_deviation_is_the_exact_one(values: list[float], offset: float) -> None:
    shifted = [value + offset for value in values]
    exact = statistics.stdev(map(Fraction, shifted))
    result = moments(shifted).sd
    assert result == pytest.approx(float(exact), rel=1e-9, abs=1e-12 * max(map(abs, shifted)))


@given(SAMPLES)
def test_nothing_overflows(values: list[float]) -> None:
    result = moments(values)
    assert (result.sd is None) == (len(values) < 2)
    assert result.sd is None or math.isfinite(result.sd)
    assert result.cv is None or math.isfinite(result.cv)


def test_a_small_spread_on_a_large_offset_is_not_lost() -> None:
    # The naive sum of squares gives 0 or nonsense here; by hand: variance 30.
    values = [1e9 + offset for offset in (4.0, 7.0, 13.0, 16.0)]
    assert moments(values).sd == pytest.approx(math.sqrt(30), rel=1e-15)


def test_by_hand() -> None:
    # 2 4 4 4 5 5 7 9: mean 5, squares of differences 9+1+1+1+0+0+4+16 = 32, 32/7.
    result = moments([2, 4, 4, 4, 5, 5, 7, 9])
    assert (result.n, result.mean, result.median, result.min, result.max) == (8, 5, 4.5, 2, 9)
    assert result.sd == pytest.approx(math.sqrt(32 / 7))
    assert result.cv == pytest.approx(math.sqrt(32 / 7) / 5)


def test_no_variation_about_zero() -> None:
    assert moments([0.0, 0.0]).cv is None
    assert deviation([0.0, 0.0]) == 0
    assert moments([3.0]).sd is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf, 1e301])
def test_what_is_no_number_is_not_used(value: float | None) -> None:
    assert not usable(value)
