"""The newest run of a series against those before it."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.kinds import Better
from benchrace.stats.comparison.change import Verdict
from benchrace.stats.comparison.history import history_change

STEADY = (100.0, 101.0, 99.0, 100.5, 99.5)
VALUES = st.floats(min_value=1, max_value=1e6)


def test_a_regression_is_named_with_its_size() -> None:
    slower = history_change((*STEADY, 80.0), "tok/s", Better.HIGHER)
    assert (slower.verdict, slower.text, slower.earlier) == (Verdict.SLOWER, "20 % slower", 5)
    assert slower.ratio is not None
    assert slower.interval is not None
    assert history_change((*STEADY, 80.0), "ms", Better.LOWER).text == "25 % faster"
    assert history_change((*STEADY, 80.0), "W", Better.LOWER).verdict is Verdict.LOWER


def test_what_fits_the_earlier_runs_is_no_change() -> None:
    same = history_change((*STEADY, 98.2), "tok/s", Better.HIGHER)
    assert (same.verdict, same.text) == (Verdict.NO_CLEAR_CHANGE, "no clear change")
    assert history_change((5.0, 5.0, 5.0), "ms", Better.LOWER).verdict is Verdict.NO_CLEAR_CHANGE
    assert history_change((5.0, 5.0, 6.0), "ms", Better.LOWER).text == "17 % slower"


@pytest.mark.parametrize(
    ("values", "verdict", "earlier"),
    [
        ((), Verdict.NOT_MEASURED, 0),
        ((None, 1.0), Verdict.NEEDS_RUNS, 0),
        ((1.0, 2.0), Verdict.NEEDS_RUNS, 1),
        ((1.0, 1.0, None), Verdict.NOT_MEASURED, 2),
        ((1.0, 50.0, 0.0), Verdict.NO_CLEAR_CHANGE, 2),
    ],
)
def test_too_few_values_say_so(
    values: tuple[float | None, ...], verdict: Verdict, earlier: int
) -> None:
    change = history_change(values, "ms", Better.LOWER)
    assert (change.verdict, change.earlier, change.interval) == (verdict, earlier, None)


@given(
    earlier=st.lists(VALUES, min_size=2, max_size=8), newest=VALUES, better=st.sampled_from(Better)
)
def test_it_is_the_interval_of_a_prediction(
    reference: Any, earlier: list[float], newest: float, better: Better
) -> None:
    n, mean = len(earlier), math.fsum(earlier) / len(earlier)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in earlier) / (n - 1))
    half = float(reference.t.ppf(0.975, n - 1)) * sd * math.sqrt(1 + 1 / n)
    away = abs(newest - mean) - half
    change = history_change((*earlier, newest), "ms", better)
    # Earlier runs that vary by more than their mean say nothing about the newest.
    if abs(away) > 1e-6 * mean and half < mean:
        assert (change.verdict is Verdict.NO_CLEAR_CHANGE) is (away < 0)
