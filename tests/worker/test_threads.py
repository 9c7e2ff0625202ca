"""Blocking calls in threads."""

import threading

import anyio
import pytest

from benchrace.worker.threads import run_blocking


async def test_a_value_comes_back() -> None:
    assert await run_blocking(lambda: 5) == 5


async def test_an_exception_comes_back_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        await run_blocking(lambda: 1 // 0)


async def test_an_exit_comes_back_too() -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        await run_blocking(leave)


async def test_a_cancel_is_told_and_then_waited_for() -> None:
    stopped, ended = threading.Event(), threading.Event()

    def work() -> None:
        stopped.wait()
        ended.set()
        raise ValueError

    with anyio.move_on_after(0.05) as scope:
        await run_blocking(work, stopped.set)
    assert scope.cancelled_caught
    assert ended.is_set()


async def test_a_call_that_ended_by_itself_is_not_told() -> None:
    stopped = threading.Event()
    await run_blocking(lambda: None, stopped.set)
    assert not stopped.is_set()


async def test_the_loop_goes_on_meanwhile() -> None:
    gate = threading.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(run_blocking, gate.wait)
        await anyio.sleep(0.01)
        gate.set()
