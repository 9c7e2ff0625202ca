"""Uncertain values widen intervals, cause ties, and mark what is too uncertain."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.events import Level, Measured, Reason, Verdict
from benchrace.kinds import LLM, Estimator
from benchrace.kinds.llm import LlmParams, LlmRecord
from benchrace.kinds.unknown import marked
from benchrace.run.document import document
from benchrace.run.metadata import RunMetadata
from benchrace.stats import Fold
from benchrace.stats.comparison.compare import compare
from benchrace.stats.estimate import estimated
from tests.kinds.llm_answers import AROUND
from tests.plugin.llm.chunked import answer_of
from tests.stats.conftest import RATE
from tests.stats.text_run import Log
from tests.stats.text_run import run as text_run

Run = Callable[..., RunMetadata]
WHY = Reason("half_known", "half of it is not known")


def estimate(numerator: float, low: float, high: float, denominator: float = 1.0) -> Measured:
    return Measured(
        metric="rate",
        value=numerator / denominator,
        numerator=numerator,
        denominator=denominator,
        low=low / denominator,
        high=high / denominator,
        unknown=WHY,
    )


def exact(value: float) -> Measured:
    return Measured(metric="rate", value=value, numerator=value, denominator=1.0)


def folded(run: Run, script: Any, *lanes: tuple[Measured, ...]) -> Fold:
    fold = Fold(run(lanes=len(lanes), metrics=(RATE,)))
    for lane, measured in enumerate(lanes):
        for number, figure in enumerate(measured):
            fold.feed(script.done(lane, number, figure))
    return fold


def places(fold: Fold) -> dict[str, int | None]:
    standing = fold.standing()
    assert standing is not None
    return {place.lane_id: place.place for place in standing.places}


def test_bounds_of_a_ratio_are_sum_by_sum() -> None:
    # 100 in 1 s, from 90 to 130; 100 in 3 s, exactly: 200 / 4, from 190 / 4 to 230 / 4.
    second = Measured(metric="rate", value=100 / 3, numerator=100, denominator=3)
    result = estimated(RATE, [estimate(100, 90, 130), second]).summary
    assert (result.value, result.low, result.high) == pytest.approx((50, 47.5, 57.5))
    assert result.unknown == WHY
    plain = estimated(RATE, [exact(100), second]).summary
    assert plain.ci95 is not None
    assert result.ci95 is not None
    assert result.ci95[1] == pytest.approx(plain.ci95[1] + 7.5)
    assert (plain.low, plain.high, plain.unknown) == (None, None, None)


def test_bounds_of_samples_are_their_mean() -> None:
    metric = msgspec.structs.replace(RATE, estimator=Estimator.SAMPLE)
    result = estimated(metric, [estimate(10, 9, 14), exact(12)]).summary
    assert (result.value, result.low, result.high) == (11, 10.5, 13)
    alone = estimated(metric, [estimate(10, 9, 14)]).summary
    assert (alone.ci95, alone.low, alone.high) == (None, 9, 14)


@given(st.lists(st.tuples(*[st.floats(0, 1e6)] * 3, st.floats(0.01, 100)), min_size=2, max_size=9))
def test_an_interval_holds_its_bounds(rounds: list[tuple[float, float, float, float]]) -> None:
    estimates = []
    for *ends, denominator in rounds:
        low, value, high = sorted(ends)
        estimates.append(estimate(value, low, high, denominator))
    result = estimated(RATE, estimates).summary
    if result.low is None or result.high is None or result.ci95 is None:
        return
    slack = 1e-9 * max(1.0, result.high)
    assert result.ci95[0] <= result.low + slack
    assert result.high <= result.ci95[1] + slack
    assert result.low <= (result.value or 0) + slack


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        (exact(50), {"lane-0": 1, "lane-1": 1}),
        (exact(56), {"lane-1": 1, "lane-0": 1}),
        (exact(39), {"lane-0": 1, "lane-1": 2}),
        (exact(58), {"lane-1": 1, "lane-0": 2}),
        (estimate(60, 56, 70), {"lane-1": 1, "lane-0": 1}),
    ],
)
def test_what_the_bounds_cannot_tell_apart_is_a_tie(
    run: Run, script: Any, other: Measured, wanted: dict[str, int]
) -> None:
    fold = folded(run, script, (estimate(52, 40, 57),) * 3, (other,) * 3)
    assert places(fold) == wanted
    if 2 not in wanted.values():
        assert fold.summary().winner is None
        assert "too close to call" in (fold.summary().winner_reason or "")


def test_nobody_wins_over_a_lane_that_may_be_faster_behind_a_third(run: Run, script: Any) -> None:
    # The last may be at 70: the first is ahead of the second, and of nobody else.
    fold = folded(run, script, (exact(60),) * 3, (exact(50),) * 3, (estimate(49, 40, 70),) * 3)
    assert places(fold) == {"lane-0": 1, "lane-1": 2, "lane-2": 2}
    assert fold.summary().winner is None


def test_two_runs_are_compared_with_what_is_open(run: Run, script: Any) -> None:
    def better(one: Measured, other: Measured) -> Any:
        estimates = []
        for item in (one, other):
            fold = folded(run, script, (item,) * 3)
            estimates.append(document(run(lanes=1, metrics=(RATE,)), fold.summary()))
        (pair, _) = compare(*estimates).lanes[0].metrics
        return pair.better, pair.difference.ci95

    assert better(exact(50), estimate(52, 40, 57)) == (None, pytest.approx((-10, 7)))
    assert better(exact(39), estimate(52, 40, 57)) == ("b", pytest.approx((1, 18)))
    assert better(estimate(52, 40, 57), exact(39)) == ("a", pytest.approx((-18, -1)))


@pytest.mark.parametrize(
    ("low", "high", "level"), [(99, 101, Level.VALID), (90, 101, Level.SUSPECT)]
)
def test_an_estimate_says_so_and_is_doubtful_where_it_is_coarse(
    run: Run, script: Any, low: float, high: float, level: Level
) -> None:
    measured = (estimate(100, low, high),)
    assert marked(Verdict(), (RATE,), measured) == Verdict(level, (WHY,))
    # Of a number that does not rank, the interval says enough.
    beside = msgspec.structs.replace(RATE, name="first")
    assert marked(Verdict(), (beside, RATE), measured) == Verdict(Level.VALID, (WHY,))
    # The log of an older version tells it when its numbers are derived again.
    lane = folded(run, script, measured * 3, (exact(1),) * 3).summary().lanes[0]
    assert (lane.verdict, lane.marks) == (level, (WHY,))


def test_a_reason_is_told_once_and_an_invalid_round_keeps_its_own() -> None:
    verdict = Verdict(Level.SUSPECT, (WHY,))
    assert marked(verdict, (RATE,), (estimate(100, 1, 200),)) == verdict
    invalid = Verdict(Level.INVALID, (Reason("simulated", "a mock"),))
    assert marked(invalid, (RATE,), (estimate(100, 1, 200),)) == invalid


CHUNKINGS = {
    "one": [1] * 128,
    "four": [4] * 32,
    "thirty-two": [32] * 4,
    "unequal": [9, 1, 2, 5, 3, 7, 1, 4] * 4,
    "a large first": [65] + [1] * 63,
    "one to three": [1, 3, 2] * 21 + [2],
}


@pytest.mark.parametrize("counted", [True, False])
def test_equal_engines_that_chunk_unlike_are_no_race_with_a_winner(counted: bool) -> None:
    lanes = [{"machine": "m"} for _ in CHUNKINGS]
    log = Log(text_run(*lanes))
    for lane, sizes in enumerate(CHUNKINGS.values()):
        for number in range(5):
            # A machine's own spread of a thousandth.
            answer = answer_of(sizes, step_ns=20_000_000 + (number - 2) * 5_000, counted=counted)
            record = LlmRecord(**AROUND, answer=answer)
            log.done(lane, number, *LLM.derive(record, LlmParams()))
    standing = log.fold.standing()
    assert standing is not None
    assert {place.place for place in standing.places} == {1}
    for place in standing.places:
        assert place.low is not None
        assert place.high is not None
        assert place.low < 50 < place.high
    summary = log.fold.summary()
    assert summary.winner is None
    levels = {lane.verdict for lane in summary.lanes[1:]}
    assert levels == {Level.VALID if counted else Level.SUSPECT}
    assert summary.lanes[0].verdict is Level.VALID


@pytest.mark.parametrize(("counted", "winner"), [(True, "lane-1"), (False, None)])
def test_a_faster_engine_wins_where_its_chunks_are_known(counted: bool, winner: str | None) -> None:
    log = Log(text_run({}, {}))
    for lane, (sizes, step_ns) in enumerate((([1] * 64, 20_000_000), ([4] * 16, 18_000_000))):
        for number in range(3):
            answer = answer_of(sizes, step_ns=step_ns + number * 5_000, counted=counted)
            record = LlmRecord(**AROUND, answer=answer)
            log.done(lane, number, *LLM.derive(record, LlmParams()))
    assert log.fold.summary().winner == winner
