"""Waiting for the start: never early, and with a core kept busy only at the very end."""

import time

import anyio
import pytest

from benchrace.testing.clock import FakeClock
from benchrace.worker.job import start_line
from benchrace.worker.job.start_line import wait_until

READING_S = 1e-6


class Waiting(FakeClock):
    """A clock that each reading advances, and each sleep, for longer than it was to last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, late_s: float) -> None:
        super().__init__()
        self.late_s = late_s
        self.readings = 0
        monkeypatch.setattr(anyio, "sleep", self.sleep)
        monkeypatch.setattr(time, "sleep", self.block)

    def monotonic_ns(self) -> int:
        self.readings += 1
        self.pass_s(READING_S)
        return super().monotonic_ns()

    def block(self, seconds: float) -> None:
        assert seconds > 0
        self.pass_s(seconds + self.late_s)

    async def sleep(self, seconds: float) -> None:
        self.block(seconds)


@pytest.mark.parametrize("late_s", [0, 0.0001, 0.05])
@pytest.mark.parametrize("ahead_s", [0.0001, 0.001, 0.02, 5])
async def test_nobody_starts_early(
    ahead_s: float, late_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Waiting(monkeypatch, late_s)
    at_ns = FakeClock.monotonic_ns(clock) + round(ahead_s * 1e9)
    await wait_until(at_ns, clock)
    late_ns = FakeClock.monotonic_ns(clock) - at_ns
    assert 0 <= late_ns <= (2 * late_s + 10 * READING_S) * 1e9


async def test_other_workers_have_the_core_until_shortly_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(start_line, "_SPIN_NS", 200_000)
    clock = Waiting(monkeypatch, late_s=0)
    await wait_until(FakeClock.monotonic_ns(clock) + 20_000_000, clock)
    assert 100 <= clock.readings <= 300


async def test_an_instant_that_is_past_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Waiting(monkeypatch, late_s=0)
    await wait_until(FakeClock.monotonic_ns(clock) - 1, clock)
    assert clock.readings <= 3
