"""The loop's monitor, and the watchdog outside of it."""

import asyncio
import threading
import time

import anyio
import anyio.lowlevel
import pytest

from benchrace.clock import SystemClock
from benchrace.testing import FakeClock
from benchrace.testing.limits import HANG_S
from benchrace.worker.job.start_line import wait_until
from benchrace.worker.loop_lag import BLOCKED_NS, LoopMonitor, RunQueue
from benchrace.worker.watchdog import Watchdog, stack_of_loop

pytestmark = pytest.mark.slow


def block() -> None:
    time.sleep(0.3)


async def test_a_blocked_loop_is_noticed_by_itself() -> None:
    monitor = LoopMonitor(SystemClock(), 0.01)
    async with anyio.create_task_group() as group:
        monitor.start()
        group.start_soon(monitor.run)
        while monitor.beats < 2:
            await anyio.lowlevel.checkpoint()
        monitor.begin()
        block()
        assert monitor.worst_ns() > BLOCKED_NS
        monitor.begin()
        assert monitor.worst_ns() < BLOCKED_NS
        group.cancel_scope.cancel()


async def test_a_beat_wakes_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    woken, beaten = [0], anyio.Event()
    loop = asyncio.get_running_loop()
    run_once = loop._run_once  # type: ignore[attr-defined]

    def counted() -> None:
        woken[0] += 1
        run_once()

    class Beats(LoopMonitor):
        def _expect(self, due_ns: int) -> None:
            super()._expect(due_ns)
            if self.beats == 20:
                beaten.set()

    monitor = Beats(SystemClock(), 0.001)
    async with anyio.create_task_group() as group:
        group.start_soon(monitor.run)
        monkeypatch.setattr(loop, "_run_once", counted)
        await beaten.wait()
        group.cancel_scope.cancel()
    # The last rounds wake and end the tasks of this test.
    assert woken[0] <= 20 + 5


async def test_no_beat_comes_after_the_end() -> None:
    monitor = LoopMonitor(SystemClock(), 0)
    async with anyio.create_task_group() as group:
        group.start_soon(monitor.run)
        while not monitor.beats:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    beats = monitor.beats
    for _ in range(3):
        await anyio.lowlevel.checkpoint()
    assert monitor.beats == beats


def test_what_was_late_before_a_round_is_not_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunQueue, "waited_ns", lambda _: 0)
    clock = FakeClock()
    monitor = LoopMonitor(clock)
    clock.pass_s(5)
    monitor.begin()
    assert monitor.worst_ns() == 0
    clock.pass_s(0.25)
    assert monitor.worst_ns() == 250_000_000


def test_waiting_for_a_core_is_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = [0]
    monkeypatch.setattr(RunQueue, "waited_ns", lambda _: waited[0])
    clock = FakeClock()
    monitor = LoopMonitor(clock)
    monitor.begin()
    clock.pass_s(0.5)
    waited[0] = 480_000_000
    assert monitor.worst_ns() == 20_000_000


def test_silence_is_counted_from_the_first_beat_on() -> None:
    beats = [0]
    silent = threading.Event()
    dog = Watchdog(lambda: beats[0], silent.set, silence_s=0.2, tick_s=0.02)
    dog.start()
    assert not silent.wait(0.4)
    beats[0] = 1
    assert silent.wait(5)
    dog.stop()


def test_a_beating_loop_is_left_alone() -> None:
    beats = [0]

    def beat() -> int:
        beats[0] += 1
        return beats[0]

    silent = threading.Event()
    dog = Watchdog(beat, silent.set, silence_s=0.1, tick_s=0.01)
    dog.start()
    assert not silent.wait(0.3)
    dog.stop()


def test_a_deadline_fires_unless_it_was_disarmed() -> None:
    fired, spared = threading.Event(), threading.Event()
    dog = Watchdog(lambda: 0, lambda: None, tick_s=0.01)
    dog.start()
    disarm = dog.arm(0.05, spared.set)
    disarm()
    disarm()
    dog.arm(0.05, fired.set)
    assert fired.wait(5)
    assert not spared.wait(0.1)
    dog.stop()


def test_the_stack_shows_where_the_loop_is() -> None:
    assert "test_the_stack_shows_where_the_loop_is" in stack_of_loop()


async def test_the_start_line_is_met_to_the_millisecond() -> None:
    clock = SystemClock()
    at_ns = clock.monotonic_ns() + 30_000_000
    await wait_until(at_ns, clock)
    assert clock.monotonic_ns() >= at_ns


async def test_an_instant_that_is_past_does_not_wait() -> None:
    clock = FakeClock()
    with anyio.fail_after(HANG_S):
        await wait_until(5, clock)
