from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from benchrace.stats.comparison.ratio import ratio
from benchrace.stats.estimate import Estimate, sample
from benchrace.stats.estimate import ratio as sum_by_sum
from benchrace.stats.ranking import apart

# To import scipy takes a second: one process does it for all.
pytestmark = pytest.mark.xdist_group("scipy")

# In steps of a thousandth, so that values do not differ in their last digit alone, and near enough
# to each other for most pairs to have an interval.
VALUES = st.lists(
    st.integers(300_000, 1_000_000).map(lambda n: n / 1_000), min_size=3, max_size=12, unique=True
)


def exact(value: float, error: float = 0.0, n: int = 5) -> Estimate:
    return Estimate(value=value, error=error, df=n - 1, n=n)


def p_value(reference: Any, one: list[float], other: list[float], r: float) -> float:
    """The probability that scipy's Welch test gives to a ratio of `r`."""
    scaled = [r * value for value in other]
    return float(reference.ttest_ind(one, scaled, equal_var=False).pvalue)


@pytest.mark.slow
@given(VALUES, VALUES)
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_what_welch_s_test_does_not_reject(
    reference: Any, one: list[float], other: list[float]
) -> None:
    from scipy import optimize

    def rejects(r: float) -> float:
        return p_value(reference, one, other, r) - 0.05

    gap = ratio(sample(one), sample(other))
    assert gap is not None
    if gap.ci95 is None:
        reject()
    low, high = gap.ci95
    center = (sum(one) / len(one)) / (sum(other) / len(other))
    if low > 0:
        root = optimize.brentq(rejects, center * 1e-6, center)
        assert low == pytest.approx(root, rel=1e-5)
    assert rejects(high) == pytest.approx(0.0, abs=5e-7)


@pytest.mark.slow
@given(VALUES, VALUES)
@settings(deadline=None)
def test_the_interval_excludes_1_exactly_where_the_lanes_are_apart(
    reference: Any, one: list[float], other: list[float]
) -> None:
    first, second = sorted((sample(one), sample(other)), key=lambda lane: -(lane.value or 0.0))
    gap = ratio(first, second)
    assert gap is not None
    assume(gap.ci95 is not None)
    assume(abs(p_value(reference, one, other, 1.0) - 0.05) > 1e-9)
    assert gap.ci95 is not None
    assert (gap.ci95[0] > 1) is apart(first, second)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("means", "cv", "sizes"),
    [((172.0, 77.0), 0.2, (5, 5)), ((100.0, 95.0), 0.02, (5, 5)), ((10.0, 1.0), 0.1, (3, 20))],
)
def test_the_interval_covers_the_true_ratio_in_95_of_100_runs(
    means: tuple[float, float], cv: float, sizes: tuple[int, int]
) -> None:
    random, runs, covered = Random(7), 1000, 0
    for _ in range(runs):
        one, other = (
            sample([random.gauss(mean, cv * mean) for _ in range(n)])
            for mean, n in zip(means, sizes, strict=True)
        )
        gap = ratio(one, other)
        # Without an end, the interval holds every ratio.
        inside = gap is not None and (
            gap.ci95 is None or gap.ci95[0] <= means[0] / means[1] <= gap.ci95[1]
        )
        covered += inside
    # Three standard errors of a share of 1,000; Welch's t errs a little to the safe side.
    assert 0.93 <= covered / runs <= 0.975


@pytest.mark.slow
def test_a_rate_of_unequal_rounds_has_the_error_of_sum_by_sum() -> None:
    random, runs, covered = Random(11), 1000, 0
    for _ in range(runs):
        lanes = []
        for true in (30.0, 20.0):
            seconds = [random.uniform(1, 2) for _ in range(8)]
            work = [true * s * random.gauss(1, 0.1) for s in seconds]
            lanes.append(sum_by_sum(work, seconds))
        gap = ratio(lanes[0], lanes[1])
        assert gap is not None
        assert gap.ci95 is not None
        covered += gap.ci95[0] <= 1.5 <= gap.ci95[1]
    assert 0.93 <= covered / runs <= 0.975


def test_one_round_has_a_ratio_and_no_interval() -> None:
    gap = ratio(sample([10.0]), sample([4.0, 5.0, 6.0]))
    assert gap is not None
    assert (gap.value, gap.ci95) == (2.0, None)
    assert gap.reason == "one round has no spread and no interval"


def test_rounds_that_could_be_zero_have_no_upper_end() -> None:
    gap = ratio(exact(100, 1), exact(10, 9))
    assert gap is not None
    assert (gap.value, gap.ci95) == (10.0, None)
    assert gap.reason == "the rounds vary too much for an interval"


def test_what_estimates_leave_open_widens_the_interval() -> None:
    plain = ratio(exact(100, 1), exact(50, 1))
    wider = ratio(
        Estimate(value=100, error=1, df=4, n=5, below=10, above=20),
        Estimate(value=50, error=1, df=4, n=5, below=5, above=5),
    )
    assert plain is not None
    assert wider is not None
    assert plain.ci95 is not None
    assert wider.ci95 is not None
    assert wider.value == plain.value
    low, high = ratio(exact(90, 1), exact(55, 1)), ratio(exact(120, 1), exact(45, 1))
    assert low is not None
    assert high is not None
    assert low.ci95 is not None
    assert high.ci95 is not None
    assert wider.ci95 == (low.ci95[0], high.ci95[1])


def test_the_stamps_error_widens_the_interval_up_to_what_is_a_tie() -> None:
    within, beyond = ratio(exact(100), exact(99), 1.5), ratio(exact(100), exact(99), 0.5)
    assert within is not None
    assert beyond is not None
    assert within.ci95 is not None
    assert beyond.ci95 is not None
    assert within.ci95[0] <= 1 < beyond.ci95[0]


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, 0.0), (-1.0, 2.0), (None, 1.0), (1e300, 1e-9)])
def test_what_has_no_ratio(pair: tuple[float | None, float | None]) -> None:
    assert ratio(Estimate(value=pair[0]), Estimate(value=pair[1])) is None
