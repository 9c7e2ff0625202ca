from random import Random

import pytest

from benchrace.stats.comparison.sample_size import MAX_MORE, more_rounds
from benchrace.stats.estimate import Estimate, sample
from benchrace.stats.ranking import apart


def lane(value: float, cv: float, n: int, below: float = 0.0) -> Estimate:
    return Estimate(value=value, error=value * cv / n**0.5, df=n - 1, n=n, below=below)


def test_cohen_s_medium_effect_needs_64_in_each_group() -> None:
    # Cohen (1988), table 2.4.1: two-sided 5 %, power 80 %, d = 0.5. With small spread, logarithms
    # are as good as differences.
    needed = more_rounds(lane(100, 0.002, 4), lane(100.1, 0.002, 4))
    assert needed.rounds is not None
    assert needed.rounds + 4 == 64


@pytest.mark.slow
@pytest.mark.parametrize(("gap", "cv"), [(1.05, 0.05), (1.10, 0.08), (1.3, 0.15)])
def test_so_many_rounds_separate_four_runs_of_five(gap: float, cv: float) -> None:
    needed = more_rounds(lane(gap, cv, 3), lane(1.0, cv, 3))
    assert needed.rounds is not None
    n, random, runs = 3 + needed.rounds, Random(5), 500
    separated = sum(
        apart(
            sample([random.gauss(gap, gap * cv) for _ in range(n)]),
            sample([random.gauss(1, cv) for _ in range(n)]),
        )
        for _ in range(runs)
    )
    assert 0.72 <= separated / runs <= 0.92


def test_a_tie_needs_one_more_round_at_least_and_never_more_than_the_bound() -> None:
    few = more_rounds(lane(2, 0.01, 2), lane(1, 0.01, 2))
    assert few.rounds == 1
    many = more_rounds(lane(100.01, 0.3, 5), lane(100, 0.3, 5))
    assert (many.rounds, many.code) == (None, "too_close")
    assert f"{MAX_MORE:,}" in (many.reason or "")


@pytest.mark.parametrize(
    ("one", "other", "tie", "code"),
    [
        (Estimate(value=2, n=1), lane(1, 0.1, 5), 0, "no_spread"),
        (lane(2, 0, 5), lane(1, 0, 5), 0, "no_spread"),
        (lane(2, 0.1, 5), lane(2, 0.1, 5), 0, "equal"),
        (lane(2, 0.1, 5), lane(1.9, 0.1, 5), 0.2, "timing_error"),
        (lane(2, 0.1, 5, below=0.2), lane(1.9, 0.1, 5), 0, "estimates_overlap"),
        (lane(1, 0.1, 5), lane(-1, -0.1, 5), 0, "not_positive"),
    ],
)
def test_where_more_rounds_do_not_help(
    one: Estimate, other: Estimate, tie: float, code: str
) -> None:
    needed = more_rounds(one, other, tie)
    assert (needed.rounds, needed.code) == (None, code)
    assert needed.reason
