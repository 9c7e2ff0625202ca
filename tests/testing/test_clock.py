"""Steps of the wall clock, distinguished from passing time and from suspend."""

import pytest

from benchrace.clock import MIN_STEP_S, WallSteps
from benchrace.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_only_a_step_is_reported_and_only_once(clock: FakeClock) -> None:
    steps = WallSteps(clock)
    clock.pass_s(3600)
    assert steps.look() is None
    clock.sleep_s(3600)
    assert steps.look() is None
    clock.jump_s(-3600)
    clock.pass_s(1)
    assert steps.look() == pytest.approx(-3600)
    assert steps.look() is None
    clock.jump_s(7200)
    assert steps.look() == pytest.approx(7200)


def test_a_drift_is_reported_once_it_adds_up(clock: FakeClock) -> None:
    steps = WallSteps(clock)
    looks = []
    for _ in range(12):
        clock.jump_s(MIN_STEP_S / 10)
        looks.append(steps.look())
    assert [step for step in looks if step is not None] == [pytest.approx(MIN_STEP_S, rel=0.2)]


def test_clocks_that_were_not_read_together_report_nothing(clock: FakeClock) -> None:
    class Halted(FakeClock):
        """A clock that pauses between two readings, as on a busy machine."""

        halted = False

        def wall_s(self) -> float:
            wall_s = super().wall_s()
            if self.halted:
                self.pass_s(3.0)
            return wall_s

    halted = Halted()
    steps = WallSteps(halted)
    halted.halted = True
    assert steps.look() is None
    halted.halted = False
    assert steps.look() is None
