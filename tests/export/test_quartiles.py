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
    found = spread([2, 1, 100, 2, 1])
    assert (found.min, found.max, found.mean, found.median) == (1, 100, 21.2, 2)
    assert (found.q1, found.q3, found.iqr) == (1, 26.5, 25.5)
    assert (found.iqr_outliers, found.stddev_outliers, found.outliers) == (1, 1, "1;1")
    assert (found.ld15iqr, found.hd15iqr, found.total, found.ops) == (1, 2, 106, 5 / 106)
    assert found.data == (2, 1, 100, 2, 1)


def test_one_round_has_their_deviation_of_nothing() -> None:
    found = spread([3.0])
    assert (found.stddev, found.iqr, found.hd15iqr, found.outliers) == (0, 0, 3, "0;0")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_a_spread_is_in_order(data: list[float]) -> None:
    found = spread(data)
    marks = [found.min, found.q1, found.median, found.q3, found.max]
    assert marks == pytest.approx(sorted(marks))
    assert found.min <= found.ld15iqr <= found.hd15iqr <= found.max
    assert found.stddev == (statistics.stdev(data) if len(data) > 1 else 0)
