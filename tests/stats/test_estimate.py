import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.events import Measured
from benchrace.kinds import Better, Estimator, Metric
from benchrace.run.summary import MetricSummary
from benchrace.stats.estimate import count, estimated, ratio, sample

# To import scipy takes a second: one process does it for all.
pytestmark = pytest.mark.xdist_group("scipy")

PAIRS = st.lists(st.tuples(st.floats(1, 1e6), st.floats(0.01, 1e3)), min_size=2, max_size=20)


def summarise(estimator: Estimator, *rounds: Measured | None) -> MetricSummary:
    metric = Metric(name="m", title="M", unit="u", better=Better.LOWER, estimator=estimator)
    return estimated(metric, rounds).summary


def of(value: float | None, **other: Any) -> Measured:
    return Measured(metric="m", value=value, **other)


@pytest.mark.slow
@given(st.lists(st.floats(0.001, 1e9), min_size=2, max_size=40))
def test_a_sample_s_interval_is_scipys(reference: Any, values: list[float]) -> None:
    result = sample(values).interval
    assert result is not None
    error = reference.sem(values)
    low, high = (
        reference.t.interval(0.95, len(values) - 1, loc=sum(values) / len(values), scale=error)
        if error > 0
        else (values[0], values[0])
    )
    scale = max(values)
    assert result == pytest.approx((low, high), abs=1e-9 * scale)


def test_a_sample_by_hand() -> None:
    # 10 12 14: mean 12, sd 2, error 2/sqrt(3), t(0.975, 2) = 4.302653: 12 +- 4.968276.
    result = summarise(Estimator.SAMPLE, of(10), of(12), of(14))
    assert (result.n, result.value, result.mean, result.median, result.sd) == (3, 12, 12, 12, 2)
    assert result.cv == pytest.approx(1 / 6)
    assert result.ci95 == pytest.approx((7.031724, 16.968276), abs=1e-6)
    assert (result.min, result.max, result.reason) == (10, 14, None)


def test_a_ratio_by_hand() -> None:
    # 100/1, 100/2, 100/1: sum/sum 300/4 = 75; the mean of the rates, 250/3, is nowhere.
    # d = 100 - 75 b = 25, -50, 25; their squares add up to 3750;
    # error sqrt(3/2 * 3750) / 4 = 18.75; t(0.975, 2) = 4.302653: 75 +- 80.674739.
    pairs = [(100, 1), (100, 2), (100, 1)]
    result = summarise(Estimator.RATIO, *[of(a / b, numerator=a, denominator=b) for a, b in pairs])
    assert (result.value, result.mean, result.median) == pytest.approx((75, 75, 100))
    assert ratio([100.0] * 3, [1.0, 2.0, 1.0]).error == pytest.approx(18.75, rel=1e-15)
    assert result.ci95 == pytest.approx((0, 155.674739), abs=1e-5)


def test_what_was_never_negative_has_no_interval_below_zero() -> None:
    assert summarise(Estimator.SAMPLE, of(0), of(5)).ci95 == pytest.approx((0, 34.265512))
    assert summarise(Estimator.SAMPLE, of(-1), of(5)).ci95 == pytest.approx((-36.118614, 40.118614))


@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=20), st.floats(0.1, 10))
def test_a_ratio_over_equal_denominators_is_a_sample(
    values: list[float], denominator: float
) -> None:
    one, other = (
        ratio(values, [denominator] * len(values)),
        sample([value / denominator for value in values]),
    )
    assert one.value == pytest.approx(other.value)
    assert one.error == pytest.approx(other.error, rel=1e-6, abs=1e-9 * max(values) / denominator)


@given(PAIRS, st.sampled_from([1e-3, 1e6]))
def test_a_ratio_does_not_depend_on_the_unit_of_time(
    pairs: list[tuple[float, float]], scale: float
) -> None:
    above, below = zip(*pairs, strict=True)
    one, other = ratio(above, below), ratio(above, [b * scale for b in below])
    assert one.value is not None
    assert other.value == pytest.approx(one.value / scale)
    assert other.error == pytest.approx(
        (one.error or 0) / scale, rel=1e-6, abs=1e-12 * one.value / scale
    )


@given(PAIRS)
def test_a_ratio_s_error_is_the_jackknife_s_to_first_order(
    pairs: list[tuple[float, float]],
) -> None:
    """Another derivation: leave each round out. The two agree as rounds become alike."""
    pairs = [(1000 + a / 1e6, 10 + b / 1e3) for a, b in pairs]
    above, below = [a for a, _ in pairs], [b for _, b in pairs]
    n = len(pairs)
    left = [(sum(above) - a) / (sum(below) - b) for a, b in pairs]
    center = sum(left) / n
    jackknife = math.sqrt((n - 1) / n * sum((denominator - center) ** 2 for denominator in left))
    assert ratio(above, below).error == pytest.approx(jackknife, rel=0.2, abs=1e-9)


def test_a_count_must_agree() -> None:
    result = summarise(Estimator.COUNT, of(7), of(7))
    assert (result.value, result.ci95, result.reason) == (7, (7, 7), None)
    result = summarise(Estimator.COUNT, of(7), of(8))
    assert (result.value, result.ci95, result.mean) == (None, None, 7.5)
    assert result.reason == "the rounds disagree: from 7 to 8"
    assert count([1234567890123.0, 1234567890124.0]).reason == (
        "the rounds disagree: from 1,234,567,890,123 to 1,234,567,890,124"
    )


@pytest.mark.parametrize("estimator", Estimator)
def test_one_round_has_a_value_and_no_interval(estimator: Estimator) -> None:
    result = summarise(estimator, of(5, numerator=5, denominator=1))
    assert (result.n, result.value, result.sd, result.cv, result.ci95) == (1, 5, None, None, None)
    assert result.reason == "one round has no spread and no interval"


@pytest.mark.parametrize(
    ("estimator", "rounds", "reason"),
    [
        (Estimator.SAMPLE, [], "no counted round"),
        (Estimator.SAMPLE, [None], "no round measured it"),
        (Estimator.SAMPLE, [of(None, reason="too short"), None], "too short"),
        (Estimator.SAMPLE, [of(1e305)], "the rounds gave no usable number"),
        (Estimator.RATIO, [of(3)], "lack numerator and denominator"),
        (Estimator.RATIO, [of(3, numerator=3, denominator=0)], "add up to 0"),
        (Estimator.RATIO, [of(3, numerator=1, denominator=x) for x in (1, -1)], "up to 0"),
        (
            Estimator.RATIO,
            [of(1, numerator=x, denominator=1e-9) for x in (1e292, -9.9e291)],
            "differ too much",
        ),
    ],
)
def test_what_is_missing_says_why(
    estimator: Estimator, rounds: list[Measured | None], reason: str
) -> None:
    result = summarise(estimator, *rounds)
    assert result.ci95 is None
    assert reason in (result.reason or "")


def test_a_round_without_the_metric_is_left_out_of_n() -> None:
    result = summarise(Estimator.SAMPLE, of(1), of(None, reason="lost"), None, of(3))
    assert (result.n, result.value) == (2, 2)


NUMBER = st.none() | st.floats(-1e300, 1e300)


@given(
    st.sampled_from(Estimator),
    st.lists(
        st.builds(
            Measured,
            metric=st.just("m"),
            value=NUMBER,
            numerator=NUMBER,
            denominator=NUMBER,
            low=NUMBER,
            high=NUMBER,
        ),
        max_size=6,
    ),
)
def test_no_number_breaks_it_and_a_null_has_a_reason(
    estimator: Estimator, rounds: list[Measured]
) -> None:
    result = summarise(estimator, *rounds)
    numbers = [result.value, result.mean, result.sd, *(result.ci95 or ())]
    assert all(number is None or math.isfinite(number) for number in numbers)
    if result.value is None or result.ci95 is None:
        assert result.reason
