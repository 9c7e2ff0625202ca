"""Counters and power readings between two instants: values, bounds, and what makes them unknown."""

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.stats.energy.series import (
    AFTER,
    BEFORE,
    GAP,
    JUMPED,
    SHORT,
    Counter,
    Joules,
    Power,
    Span,
)

S = 10**9


def counter(*readings: tuple[float, float], range_mj: float | None = None, lag: int = 0) -> Counter:
    """A counter of readings (seconds, joules), each read at one instant."""
    read = Counter(lag)
    for at, joules in readings:
        read.add(Span(int(at * S), int(at * S)), joules * 1000, range_mj)
    return read


def exactly(joules: float) -> Any:
    """The energy, with bounds that leave nothing open."""
    return pytest.approx((joules, joules, joules))


def steady(watts: float = 100.0, period: float = 0.5, until: float = 10.0) -> Counter:
    times = [step * period for step in range(int(until / period) + 1)]
    return counter(*((at, 7 + watts * at) for at in times))


def test_a_steady_load_is_interpolated_exactly_and_bounded_by_the_readings() -> None:
    joules = steady().between(int(1.2 * S), int(4.3 * S))
    assert isinstance(joules, Joules)
    assert joules.value == pytest.approx(310)
    # Read at 1.5 s and 4 s inside, at 1 s and 4.5 s outside.
    assert (joules.low, joules.high) == pytest.approx((250, 350))


def test_a_round_that_begins_and_ends_at_readings_has_no_open_part() -> None:
    joules = steady().between(1 * S, 4 * S)
    assert joules == exactly(300)


def test_a_reading_may_be_as_old_as_the_counter_is_renewed() -> None:
    read = counter(*((at / 2, 50.0 * at) for at in range(21)), lag=S // 10)
    joules = read.between(1 * S, 4 * S)
    assert isinstance(joules, Joules)
    # Those at 1 s and 4 s may have been counted up to 0.1 s before.
    assert (joules.low, joules.high) == pytest.approx((250, 350))


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [(-1, 4, BEFORE), (1, 11, AFTER), (1.1, 1.4, SHORT), (1.1, 1.9, SHORT)],
)
def test_what_was_not_read_is_unknown(start: float, end: float, reason: str) -> None:
    assert steady().between(int(start * S), int(end * S)) == reason


def test_nothing_read_is_unknown() -> None:
    assert Counter().between(0, S) == BEFORE
    assert len(Counter()) == 0


def test_a_counter_that_starts_again_goes_on() -> None:
    read = counter((0, 900), (1, 950), (2, 1000), (3, 26), (4, 76), (5, 126), range_mj=1024_000)
    assert read.between(1 * S, 4 * S) == exactly(150)


def test_a_counter_that_goes_back_is_unknown_only_where_it_did() -> None:
    read = counter(*((at, 500 + 100.0 * at) for at in range(4)), *((at, at) for at in range(4, 9)))
    assert read.between(1 * S, 5 * S) == JUMPED
    assert read.between(0, 3 * S) == exactly(300)
    assert read.between(4 * S, 8 * S) == exactly(4)


def test_a_reset_is_not_taken_for_a_counter_that_starts_again() -> None:
    # Of a range of 262 kJ, 261 kJ within a second is more than any machine draws.
    read = counter((0, 1000), (1, 1100), (2, 0), (3, 100), (4, 200), range_mj=262_143_328.85)
    assert read.between(0, 4 * S) == JUMPED
    assert read.between(2 * S, 4 * S) == exactly(200)


def test_a_counter_that_may_have_started_again_twice_is_unknown() -> None:
    read = counter((0, 10), (1, 20), (200, 500), (201, 510), range_mj=65_536_000)
    assert read.between(0, 201 * S) == JUMPED


@given(
    loads=st.lists(st.integers(0, 900), min_size=30, max_size=60),
    period=st.integers(1, 7),
    cost=st.integers(0, 2),
    bounds=st.tuples(st.integers(0, 29), st.integers(1, 29)),
)
def test_the_true_energy_lies_within_the_bounds(
    loads: list[int], period: int, cost: int, bounds: tuple[int, int]
) -> None:
    """Whatever the load of each tick, and whenever within its span a reading was taken."""
    true = [0, *accumulate(loads)]
    read = Counter()
    last = -1
    for until in range(cost, len(true), period + cost):
        read.add(Span(max(until - cost, last + 1), until), float(true[until - cost // 2]))
        last = until
    start, end = min(bounds), max(bounds) + 1
    joules = read.between(start, end)
    if isinstance(joules, Joules):
        assert joules.low <= joules.value <= joules.high
        assert joules.low - 1e-9 <= (true[end] - true[start]) / 1000 <= joules.high + 1e-9


def power(*readings: tuple[float, float], gap_s: float = 2.5) -> Power:
    read = Power(int(gap_s * S))
    for at, watts in readings:
        read.add(Span(int(at * S), int(at * S)), watts)
    return read


def test_power_is_integrated_by_trapezoids() -> None:
    read = power((0, 100), (1, 100), (2, 200), (3, 200), (4, 100))
    joules = read.between(S // 2, int(3.5 * S))
    assert isinstance(joules, Joules)
    assert joules.value == pytest.approx(50 + 150 + 200 + 87.5)
    assert joules.low == pytest.approx(50 + 100 + 200 + 50)
    assert joules.high == pytest.approx(50 + 200 + 200 + 100)


def test_power_that_was_not_read_for_long_is_unknown() -> None:
    read = power((0, 100), (1, 100), (5, 100), (6, 100))
    assert read.between(S // 2, int(5.5 * S)) == GAP
    assert read.between(-S, 5 * S) == BEFORE
    assert read.between(S, 7 * S) == AFTER
