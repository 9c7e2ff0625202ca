"""Judging a round: impossible numbers, a blocked loop, a machine that slept."""

from typing import Any

import pytest

from benchrace.events import Level, Measured, Reason, Verdict
from benchrace.kinds import COMPUTE, ComputeParams, ComputeRecord
from benchrace.worker.job.verdict import Surroundings, judge, numbers, plain
from benchrace.worker.lanes.marks import Marks

CALM = Surroundings(0, 0)


def record(**changes: Any) -> ComputeRecord:
    facts: dict[str, Any] = {
        "algorithm": "a",
        "n": 10,
        "threads_requested": 1,
        "threads_used": 1,
        "primes_found": 4,
        "primes_expected": 4,
        "elapsed_ns": 1000,
        "blocks": 1,
        "cpu_tier": "t",
    }
    return ComputeRecord(**{**facts, **changes})


def test_every_declared_metric_has_its_number_in_order() -> None:
    result = numbers(COMPUTE, record(), ComputeParams(), [])
    assert [figure.metric for figure in result] == [metric.name for metric in COMPUTE.metrics]
    assert result[1].value == 0.001


def test_what_the_backend_measured_itself_wins() -> None:
    own = Measured(metric="elapsed_ms", value=5.0)
    result = numbers(COMPUTE, record(), ComputeParams(), [own])
    assert own in result
    assert len(result) == len(COMPUTE.metrics)


def test_a_calm_round_is_valid() -> None:
    verdict, figures = judge(
        Verdict(), COMPUTE, numbers(COMPUTE, record(), ComputeParams(), []), CALM
    )
    assert verdict == Verdict()
    assert len(figures) == 4


@pytest.mark.parametrize(("low", "level"), [(99.0, Level.VALID), (50.0, Level.SUSPECT)])
def test_an_estimate_says_why_it_is_one(low: float, level: Level) -> None:
    why = Reason("half_known", "half of it is not known")
    odd = Measured(metric="primes_per_sec", value=100.0, low=low, high=101.0, unknown=why)
    verdict, figures = judge(Verdict(), COMPUTE, [odd], CALM)
    assert (verdict, figures) == (Verdict(level, (why,)), (odd,))


@pytest.mark.parametrize(
    "odd",
    [
        Measured(metric="elapsed_ms", value=float("nan")),
        Measured(metric="elapsed_ms", value=float("inf")),
        Measured(metric="elapsed_ms", value=-0.5),
        Measured(metric="primes_per_sec", value=1.0, numerator=float("nan"), denominator=1.0),
        Measured(metric="primes_per_sec", value=1.0, numerator=1.0, denominator=-1.0),
        Measured(metric="primes_per_sec", value=1.0, low=0.0, high=float("inf")),
    ],
)
def test_impossible_numbers_are_taken_out(odd: Measured) -> None:
    verdict, figures = judge(Verdict(), COMPUTE, [odd], CALM)
    assert verdict.level is Level.INVALID
    assert verdict.reasons[0].code == "bad_output"
    assert odd.metric in verdict.reasons[0].text
    assert figures[0].value is None
    assert figures[0].reason


@pytest.mark.parametrize(
    ("around", "level", "codes"),
    [
        (Surroundings(200_000_000, 0), Level.VALID, []),
        (Surroundings(201_000_000, 0), Level.SUSPECT, ["loop_blocked"]),
        (Surroundings(0, 400_000_000), Level.VALID, []),
        (Surroundings(0, 3_000_000_000), Level.INVALID, ["suspended"]),
        (Surroundings(900_000_000, 3_000_000_000), Level.INVALID, ["suspended", "loop_blocked"]),
    ],
)
def test_surroundings_count(around: Surroundings, level: Level, codes: list[str]) -> None:
    verdict, _ = judge(Verdict(), COMPUTE, [], around)
    assert verdict.level is level
    assert [reason.code for reason in verdict.reasons] == codes


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"elapsed_ns": -1}, "elapsed_ns is negative"),
        ({"elapsed_ns": 1.5}, "contradicts its own types"),
        ({"n": None}, "contradicts its own types"),
        ({"cpu_tier": "\ud800"}, "contradicts its own types"),
        ({"algorithm": object()}, "contradicts its own types"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        plain(record(**changes))


def test_a_good_record_goes_into_the_log_as_it_is() -> None:
    values = plain(record(first_primes=(2, 3)))
    assert values["first_primes"] == (2, 3) or values["first_primes"] == [2, 3]
    assert values["elapsed_ns"] == 1000


def test_marks_take_declared_metrics_alone() -> None:
    marks = Marks(["rate"])
    with pytest.raises(ValueError, match="no metric 'speed'; it has rate"):
        marks.measure("speed", 1.0, None, None, None)
    with pytest.raises(ValueError, match="give a value"):
        marks.measure("rate", None, 1.0, None, None)
    marks.measure("rate", None, 6, 3, None)
    marks.measure("rate", None, 6, 0, None)
    marks.measure("rate", None, None, None, "the engine does not report it")
    assert [(figure.value, figure.reason) for figure in marks.measured] == [
        (2.0, None),
        (None, "the denominator is 0"),
        (None, "the engine does not report it"),
    ]


def test_marks_only_get_worse() -> None:
    marks = Marks([])
    marks.invalid("a", "first")
    marks.suspect("b", "then")
    assert marks.verdict.level is Level.INVALID
    assert [reason.code for reason in marks.verdict.reasons] == ["a", "b"]
