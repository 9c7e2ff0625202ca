"""A fixed period never drifts, and counts what it missed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.telemetry.ticks import Tick, Ticks


def test_in_time_is_one_after_the_other() -> None:
    ticks = Ticks(origin_ns=1000, period_ns=100)
    first = ticks.first()
    second = ticks.after(first, 1010)
    assert (first, second) == (Tick(0, 1000, 0), Tick(1, 1100, 0))
    assert second.wait_ns(1010) == 90


def test_what_was_slept_through_is_counted() -> None:
    ticks = Ticks(origin_ns=1000, period_ns=100)
    assert ticks.after(Tick(1, 1100, 0), 1350) == Tick(4, 1400, 2)


def test_an_instant_that_is_just_now_is_not_missed() -> None:
    ticks = Ticks(origin_ns=1000, period_ns=100)
    tick = ticks.after(Tick(1, 1100, 0), 1300)
    assert tick == Tick(3, 1300, 1)
    assert tick.wait_ns(1300) == tick.wait_ns(1400) == 0


def test_a_period_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="over 0"):
        Ticks(origin_ns=0, period_ns=0)


@given(
    st.integers(0, 1 << 62), st.integers(1, 1 << 40), st.lists(st.integers(0, 1 << 42), max_size=20)
)
def test_no_drift_whatever_the_delays(origin: int, period: int, delays: list[int]) -> None:
    ticks = Ticks(origin, period)
    tick, now, missed = ticks.first(), origin, 0
    for taken, delay in enumerate(delays, 1):
        now = max(now, tick.due_ns) + delay
        tick = ticks.after(tick, now)
        missed += tick.missed
        assert tick.due_ns == origin + tick.index * period
        assert now <= tick.due_ns <= max(now, origin) + period
        assert tick.index == taken + missed
