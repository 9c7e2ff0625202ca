"""Rounds too short for the clock that times them: marked, counted, and never the winner."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace.events import Level, Measured, Reason
from benchrace.kinds import Better, Estimator, Metric
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RoundSummary
from benchrace.stats.fold import Fold
from benchrace.stats.short_rounds import judged, timed_ns

RATE = Metric(
    name="rate", title="Rate", unit="x/s", better=Better.HIGHER, estimator=Estimator.RATIO
)
STAMPED = Metric(
    name="rate",
    title="Rate",
    unit="tok/s",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    stamped=True,
)
TIME = Metric(name="took", title="Took", unit="ms", better=Better.LOWER)


def rate(span_s: float) -> Measured:
    return Measured(metric="rate", value=1 / span_s, numerator=1, denominator=span_s)


def done(*measured: Measured, elapsed_ns: int = 10**9, level: Level = Level.VALID) -> RoundSummary:
    return RoundSummary(
        round=0,
        warmup=False,
        heat=None,
        verdict=level,
        reasons=() if level is Level.VALID else (Reason("before", "it was"),),
        measured=measured,
        elapsed_ns=elapsed_ns,
    )


@pytest.mark.parametrize(
    ("metric", "span_s", "stamps_ms", "verdict"),
    [
        (RATE, 99e-6, None, Level.SUSPECT),
        (RATE, 101e-6, None, Level.VALID),
        # Work that no stream brings has nothing to do with stamps.
        (RATE, 101e-6, 2.0, Level.VALID),
        (STAMPED, 4.9e-3, None, Level.SUSPECT),
        (STAMPED, 5.1e-3, None, Level.VALID),
        (STAMPED, 5.1e-3, 0.06, Level.SUSPECT),
        (STAMPED, 4.9e-3, 0.04, Level.VALID),
        (STAMPED, 99e-6, 0.0, Level.SUSPECT),
    ],
)
def test_a_round_is_held_to_a_hundred_times_the_error_of_its_timing(
    metric: Metric, span_s: float, stamps_ms: float | None, verdict: Level
) -> None:
    assert judged(done(rate(span_s)), metric, stamps_ms).verdict is verdict


def test_the_mark_says_what_to_do_and_keeps_what_was_there() -> None:
    marked = judged(done(rate(2e-6), level=Level.SUSPECT), RATE, None)
    assert [reason.code for reason in marked.reasons] == ["before", "too_short"]
    assert marked.reasons[1].text == (
        "the timed part is under 100 µs, 100 times the timing error of 1 µs: "
        "give each round more work"
    )
    assert marked.counted


def test_what_does_not_count_is_not_marked() -> None:
    short = done(rate(1e-6), level=Level.INVALID)
    assert judged(short, RATE, None) is short


@pytest.mark.parametrize(
    ("metric", "measured", "span_ns"),
    [
        (RATE, rate(0.5), 5e8),
        (TIME, Measured(metric="took", value=3), 3e6),
        (TIME, Measured(metric="took", value=None, reason="no"), None),
        (TIME, rate(1), None),
        (RATE, Measured(metric="rate", value=5), None),
    ],
)
def test_what_was_timed_is_what_the_ranking_is_taken_over(
    metric: Metric, measured: Measured, span_ns: float | None
) -> None:
    assert timed_ns(metric, [measured]) == span_ns


def test_where_nothing_tells_it_the_whole_round_is_the_timed_part() -> None:
    share = Metric(name="rate", title="Share", unit="%", better=Better.HIGHER)
    assert judged(done(rate(1e-6)), share, None).verdict is Level.VALID
    assert judged(done(rate(1), elapsed_ns=99_000), share, None).verdict is Level.SUSPECT
    assert judged(done(elapsed_ns=99_000), None, None).verdict is Level.SUSPECT


def test_a_race_of_microseconds_has_no_winner(run: Callable[..., RunMetadata], script: Any) -> None:
    fold = Fold(run())
    for number in range(3):
        fold.feed(script.done(0, number, rate(2e-6)))
        fold.feed(script.done(1, number, rate(4e-6)))
    summary = fold.summary()
    assert [lane.verdict for lane in summary.lanes] == [Level.SUSPECT] * 2
    assert [mark.code for mark in summary.lanes[0].marks] == ["too_short"]
    assert summary.standing is not None
    assert [place.place for place in summary.standing.places] == [1, 2]
    assert summary.winner is None
    assert "give each round more work" in (summary.winner_reason or "")
