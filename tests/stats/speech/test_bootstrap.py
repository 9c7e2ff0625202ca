"""Intervals over recordings: what a deterministic engine's rounds cannot tell."""

import random

import msgspec
import pytest

from benchrace.events import Measured
from benchrace.kinds import Better, Estimator, Metric
from benchrace.stats.comparison.change import Verdict, change
from benchrace.stats.estimate import Estimate, estimated, ratio, recovered
from benchrace.stats.speech import bootstrap

METRIC = Metric(
    name="wer",
    title="WER",
    unit="%",
    better=Better.LOWER,
    estimator=Estimator.RATIO,
    parts="recording",
)
Parts = tuple[tuple[float, float], ...]


def of(parts: Parts) -> Measured:
    above, below = (sum(part[place] for part in parts) for place in (0, 1))
    return Measured(
        metric="wer", value=above / below, numerator=above, denominator=below, parts=parts
    )


def estimate(*rounds: Measured) -> Estimate:
    return estimated(METRIC, rounds).estimate


def test_equal_rounds_have_the_spread_of_their_recordings() -> None:
    parts = ((100.0, 10.0), (300.0, 20.0), (0.0, 15.0), (250.0, 12.0), (50.0, 30.0))
    one, many = estimate(of(parts)), estimate(*[of(parts)] * 6)
    assert one.error is not None
    assert (many.value, many.df, many.parts, many.n) == (one.value, 4, 5, 6)
    # Six rounds of the same recordings are no better than one.
    assert many.error == pytest.approx(one.error)
    # The delta method over recordings, by another formula.
    reference = ratio(*([part[place] for part in parts] for place in (0, 1)))
    assert many.value == reference.value
    assert many.error == pytest.approx(reference.error, rel=0.25)


def test_many_recordings_agree_with_the_delta_method_closely() -> None:
    draw = random.Random(3)
    parts = tuple((float(draw.randrange(0, 900)), float(draw.randrange(8, 40))) for _ in range(120))
    reference = ratio(*([part[place] for part in parts] for place in (0, 1)))
    assert bootstrap.error(parts) == pytest.approx(reference.error, rel=0.1)


def test_the_same_log_gives_the_same_interval() -> None:
    parts = ((100.0, 10.0), (300.0, 20.0), (0.0, 15.0))
    first = bootstrap.error(parts)
    bootstrap.error.cache_clear()
    assert bootstrap.error(parts) == first


def test_rounds_that_differ_are_added_up_for_each_recording() -> None:
    rounds = [of(((100.0, 10.0), (0.0, 10.0))), of(((0.0, 10.0), (300.0, 10.0)))]
    assert bootstrap.pooled(rounds) == ((100.0, 20.0), (300.0, 20.0))


@pytest.mark.parametrize(
    ("rounds", "reason"),
    [
        ([((500.0, 33.0),)] * 3, "one recording has no spread and no interval"),
        ([((0.0, 33.0), (0.0, 20.0))] * 3, "the recordings do not differ enough for an interval"),
        ([((1.0, 3.0), (2.0, 2.0)), ((1.0, 3.0),)], "the rounds lack figures per recording"),
    ],
)
def test_without_a_spread_of_recordings_there_is_no_interval(
    rounds: list[Parts], reason: str
) -> None:
    result = estimated(METRIC, [of(parts) for parts in rounds]).summary
    assert result.value is not None
    assert result.ci95 is None
    assert (result.reason or "").startswith(reason)


def test_logs_from_before_have_a_value_and_say_why_there_is_no_interval() -> None:
    old = Measured(metric="wer", value=5.0, numerator=500, denominator=100)
    result = estimated(METRIC, [old, old]).summary
    assert (result.value, result.ci95, result.parts) == (5.0, None, None)
    assert result.reason is not None


def test_a_summary_gives_its_estimate_back() -> None:
    parts = ((100.0, 10.0), (300.0, 20.0), (0.0, 15.0), (250.0, 12.0))
    whole = estimated(METRIC, [of(parts)])
    again = recovered(whole.summary)
    assert (again.df, again.parts) == (3, 4)
    assert again.error == pytest.approx(whole.estimate.error)


@pytest.mark.parametrize(
    ("grouped", "over"), [(False, "5 recordings"), (True, "5 groups of recordings")]
)
def test_a_summary_says_what_its_interval_is_over(grouped: bool, over: str) -> None:
    parts = ((100.0, 10.0), (300.0, 20.0), (0.0, 15.0), (250.0, 12.0), (50.0, 30.0))
    figure = msgspec.structs.replace(of(parts), grouped=grouped)
    assert estimated(METRIC, [figure]).summary.over == over
    assert estimated(msgspec.structs.replace(METRIC, parts=""), [figure]).summary.over is None


def test_a_comparison_does_not_ask_for_rounds_where_recordings_are_too_few() -> None:
    one = estimated(METRIC, [of(((100.0, 10.0),))]).summary
    undecided = change(one, one, ahead=None, comparable=True)
    assert undecided.verdict is Verdict.NO_CLEAR_CHANGE
    assert undecided.text == "one recording has no spread and no interval"
