"""Timers that any thread may set, and what rings more than once."""

import asyncio
import threading
from collections.abc import Callable

import anyio
import pytest
from anyio import to_thread

from benchrace.errors import BenchraceError, Category
from benchrace.testing.limits import HANG_S
from benchrace.worker.lanes.alarm import Alarm, LoopTimer


@pytest.mark.parametrize("from_thread", [False, True])
async def test_a_call_is_made_in_the_loop_whoever_arranges_it(from_thread: bool) -> None:
    loop = asyncio.get_running_loop()
    # In debug mode, the loop refuses what may be called in its own thread alone.
    loop.set_debug(True)
    later = LoopTimer(loop)
    called, threads = anyio.Event(), []

    def call() -> None:
        threads.append(threading.get_ident())
        called.set()

    if from_thread:
        await to_thread.run_sync(later, 0.0, call)
    else:
        later(0.0, call)
    with anyio.fail_after(HANG_S):
        await called.wait()
    assert threads == [threading.get_ident()]


def test_who_outlives_the_loop_is_not_disturbed() -> None:
    async def timer() -> LoopTimer:
        return LoopTimer(asyncio.get_running_loop())

    later = asyncio.run(timer())
    later(0.0, lambda: None)
    thread = threading.Thread(target=later, args=(0.0, lambda: None))
    raised: list[object] = []
    threading.excepthook, before = raised.append, threading.excepthook
    try:
        thread.start()
        thread.join()
    finally:
        threading.excepthook = before
    assert raised == []


def test_an_alarm_is_pending_once_and_can_be_set_again_by_its_call() -> None:
    arranged: list[tuple[float, Callable[[], None]]] = []
    left = [0.5]
    alarm = Alarm(
        lambda seconds, call: arranged.append((seconds, call)),
        lambda: alarm.set(left.pop()) if left else None,
    )
    alarm.set(1.0)
    alarm.set(2.0)
    for _, call in arranged:
        call()
    assert [seconds for seconds, _ in arranged] == [1.0, 0.5]


def test_a_journal_that_failed_does_not_break_the_loop() -> None:
    arranged: list[Callable[[], None]] = []

    def ring() -> None:
        raise BenchraceError(Category.DISK_FULL, "full")

    Alarm(lambda _, call: arranged.append(call), ring).set(1.0)
    assert len(arranged) == 1
    for call in arranged:
        call()
