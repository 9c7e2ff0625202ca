from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.events import Level, Measured
from benchrace.kinds import Better, Metric
from benchrace.run.metadata import RunMetadata
from benchrace.stats import Fold
from benchrace.stats.estimate import sample
from benchrace.stats.ranking import apart
from tests.stats.conftest import Script, make_run, rate

Run = Callable[..., RunMetadata]
Rounds = Callable[..., bytes]
STEADY = ((100, 1), (101, 1), (99, 1))


def places(fold: Fold) -> dict[str, int | None]:
    standing = fold.standing()
    assert standing is not None
    return {place.lane_id: place.place for place in standing.places}


def scaled(factor: float) -> tuple[tuple[float, float], ...]:
    return tuple((a * factor, b) for a, b in STEADY)


def test_clear_differences_are_ranked_and_the_first_has_won(run: Run, rounds: Rounds) -> None:
    fold = Fold(run(lanes=3))
    fold.feed(rounds(0, *scaled(1)) + rounds(1, *scaled(3)) + rounds(2, *scaled(2)))
    assert places(fold) == {"lane-1": 1, "lane-2": 2, "lane-0": 3}
    assert fold.summary().winner == "lane-1"
    standing = fold.standing()
    assert standing is not None
    assert standing.metric == "rate"
    first = standing.places[0]
    assert first.low is not None
    assert first.high is not None
    assert first.low < 300 < first.high


def test_lanes_that_cannot_be_told_apart_share_a_place(run: Run, rounds: Rounds) -> None:
    fold = Fold(run(lanes=3))
    fold.feed(rounds(0, *scaled(1)) + rounds(1, *scaled(1.001)) + rounds(2, *scaled(0.5)))
    assert places(fold) == {"lane-1": 1, "lane-0": 1, "lane-2": 3}
    assert fold.summary().winner is None
    assert fold.summary().winner_reason == "too close to call: Lane 1 and Lane 0"


WIDE = ((130, 1), (85, 1), (40, 1))


def test_places_never_contradict_the_order_of_the_values(run: Run, rounds: Rounds) -> None:
    fold = Fold(run(lanes=4))
    fold.feed(rounds(0, *STEADY) + rounds(1, *scaled(0.9)))
    fold.feed(rounds(2, *WIDE) + rounds(3, *scaled(0.8)))
    # Lane 2 can be told apart from no other lane, and the others from each other.
    ranked = [("lane-0", 1), ("lane-1", 2), ("lane-2", 2), ("lane-3", 4)]
    assert list(places(fold).items()) == ranked
    assert fold.summary().winner is None
    assert fold.summary().winner_reason == "too close to call: Lane 0 and Lane 2"


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_equal_values_have_equal_places_in_any_order(
    run: Run, rounds: Rounds, order: tuple[int, int]
) -> None:
    fold = Fold(run(lanes=3))
    narrow, wide = order
    fold.feed(rounds(0, *STEADY))
    fold.feed(rounds(narrow, (80, 1), (81, 1), (79, 1)) + rounds(wide, (120, 1), (80, 1), (40, 1)))
    assert places(fold) == {"lane-0": 1, "lane-1": 1, "lane-2": 1}


ROUNDS = st.lists(
    st.lists(st.integers(50, 150).map(float), min_size=2, max_size=4), min_size=2, max_size=8
)


@given(ROUNDS)
def test_a_better_value_never_has_a_worse_place(lanes: list[list[float]]) -> None:
    script, fold = Script(), Fold(make_run(lanes=len(lanes)))
    for lane, values in enumerate(lanes):
        for number, value in enumerate(values):
            fold.feed(script.done(lane, number, rate(value, 1)))
    standing = fold.standing()
    assert standing is not None
    ranked = [(place.place or 0, -(place.value or 0)) for place in standing.places]
    assert ranked == sorted(ranked)
    assert len(set(ranked)) == len({value for _, value in ranked})
    first, *others = (fold.lanes[int(place.lane_id[-1])] for place in standing.places)
    clear = all(apart(first.estimate("rate"), other.estimate("rate")) for other in others)
    assert fold.summary().winner == (first.lane.lane_id if clear else None)


def test_a_marked_lane_keeps_its_place_and_is_not_the_winner(run: Run, rounds: Rounds) -> None:
    fold = Fold(run())
    fold.feed(rounds(0, *scaled(3), level=Level.SUSPECT) + rounds(1, *scaled(1)))
    assert places(fold) == {"lane-0": 1, "lane-1": 2}
    summary = fold.summary()
    assert summary.winner is None
    assert summary.winner_reason == "Lane 0 is ahead, but is marked: because SUSPECT"
    assert summary.standing is not None
    assert [place.marked for place in summary.standing.places] == [True, False]


def test_no_counted_round_means_no_place(run: Run, rounds: Rounds) -> None:
    fold = Fold(run())
    assert places(fold) == {"lane-0": None, "lane-1": None}
    assert fold.summary().winner_reason == "no lane has a counted round with a value"
    fold.feed(rounds(1, *STEADY) + rounds(0, *STEADY, level=Level.INVALID))
    assert places(fold) == {"lane-1": 1, "lane-0": None}
    assert fold.summary().winner_reason == "no other lane has a value"


def test_single_rounds_are_ranked_and_nobody_has_won(run: Run, rounds: Rounds) -> None:
    fold = Fold(run())
    fold.feed(rounds(0, (1, 1)) + rounds(1, (2, 1)))
    assert places(fold) == {"lane-1": 1, "lane-0": 2}
    assert "two rounds" in (fold.summary().winner_reason or "")


def test_lower_can_be_better_and_the_first_metric_serves_without_a_headline(
    run: Run, script: Any
) -> None:
    lower = Metric(name="time", title="T", unit="ms", better=Better.LOWER)
    fold = Fold(run(metrics=[lower]))
    for number, value in enumerate((10, 11)):
        fold.feed(script.done(0, number, Measured(metric="time", value=value)))
        fold.feed(script.done(1, number, Measured(metric="time", value=value * 10)))
    assert places(fold) == {"lane-0": 1, "lane-1": 2}


def test_nothing_to_rank_by(run: Run) -> None:
    fold = Fold(run(metrics=[]))
    assert fold.standing() is None
    assert fold.summary().winner_reason == "no ranking metric is declared"


def test_one_lane_has_no_rival(run: Run, rounds: Rounds) -> None:
    fold = Fold(run(lanes=1))
    fold.feed(rounds(0, *STEADY))
    assert fold.summary().winner_reason == "there is only one lane"


# In steps of a thousandth: scipy warns of lost digits where values differ in the last one alone.
VALUES = st.lists(
    st.integers(1_000, 1_000_000).map(lambda n: n / 1_000), min_size=2, max_size=12, unique=True
)


@given(VALUES, VALUES)
def test_telling_apart_is_welch_s_test(
    reference: Any, one: list[float], other: list[float]
) -> None:
    p_value = reference.ttest_ind(one, other, equal_var=False).pvalue
    if abs(p_value - 0.05) > 1e-9:
        assert apart(sample(one), sample(other)) == (p_value < 0.05)


def test_constants_are_apart_where_they_differ() -> None:
    assert apart(sample([1, 1]), sample([2, 2]))
    assert not apart(sample([1, 1]), sample([1, 1]))


@pytest.mark.parametrize(
    ("rounds_done", "elapsed_s", "spread", "settled"),
    [(5, 2, 0.01, True), (4, 10, 0.01, False), (5, 1.9, 0.01, False), (5, 2, 0.2, False)],
)
def test_adaptive_lanes_settle_by_rounds_time_and_width(
    run: Run, script: Any, rounds_done: int, elapsed_s: float, spread: float, settled: bool
) -> None:
    fold = Fold(run())
    for number in range(rounds_done):
        above = 100 * (1 + spread * (number % 2))
        measured = Measured(metric="rate", value=above, numerator=above, denominator=1)
        fold.feed(script.done(0, number, measured, elapsed_ns=int(elapsed_s * 1e9)))
        fold.feed(script.done(1, number, measured, level=Level.INVALID, elapsed_ns=10**11))
    assert fold.settled("lane-0") is settled
    assert not fold.settled("lane-1")
