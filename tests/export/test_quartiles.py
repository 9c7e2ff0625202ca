import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.export.quartiles import quartiles, spread


@pytest.mark.parametrize(
    ("data", "first", "third"),
    [
        ([1], 1, 1),
        ([1, 3], 1, 3),
        ([1, 2, 3], 1.25, 2.75),
        ([1, 2, 3, 4], 1.5, 3.5),
        ([1, 2, 3, 4, 5], 1.75, 4.25),
        # The two examples of the definition's usual text: 15, 40, 43 and 15, 37.5, 40.
        ([6, 7, 15, 36, 39, 40, 41, 42, 43, 47, 49], 20.25, 42.75),
        ([7, 15, 36, 39, 40, 41], 15, 40),
    ],
)
def test_quartiles_by_hand(data: list[float], first: float, third: float) -> None:
    assert quartiles(data) == (first, third)


def test_a_spread_by_hand() -> None:
    # Sorted 1 1 2 2 100: mean 21.2; q1 = (1 + 3 * 1) / 4, q3 = (3 * 2 + 100) / 4 = 26.5;
    # the fence is at 26.5 + 1.5 * 25.5 = 64.75, so that 100 is out.
    result = spread([2, 1, 100, 2, 1])
    assert (result.min, result.max, result.mean, result.median) == (1, 100, 21.2, 2)
    assert (result.q1, result.q3, result.iqr) == (1, 26.5, 25.5)
    assert (result.iqr_outliers, result.stddev_outliers, result.outliers) == (1, 1, "1;1")
    assert (result.ld15iqr, result.hd15iqr, result.total, result.ops) == (1, 2, 106, 5 / 106)
    assert result.data == (2, 1, 100, 2, 1)


def test_one_round_has_their_deviation_of_nothing() -> None:
    result = spread([3.0])
    assert (result.stddev, result.iqr, result.hd15iqr, result.outliers) == (0, 0, 3, "0;0")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_a_spread_is_in_order(data: list[float]) -> None:
    result = spread(data)
    marks = [result.min, result.q1, result.median, result.q3, result.max]
    assert marks == pytest.approx(sorted(marks))
    assert result.min <= result.ld15iqr <= result.hd15iqr <= result.max
    assert result.stddev == (statistics.stdev(data) if len(data) > 1 else 0)
