"""Calls for questions: bounded, and never an exception."""

import anyio
import pytest

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.worker.bounded import bounded


async def test_an_answer_comes_through() -> None:
    async def work() -> int:
        return 5

    assert await bounded("asking", work, 1) == 5


async def test_one_that_never_answers_is_given_up() -> None:
    found = await bounded("asking", anyio.sleep_forever, 0.01)
    assert isinstance(found, Failure)
    assert found.category is Category.TIMEOUT_CONNECT
    assert "0.01 s" in found.message


async def test_one_that_fails_while_it_is_given_up_is_late_all_the_same() -> None:
    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise ValueError

    found = await bounded("asking", work, 0.01)
    assert isinstance(found, Failure)
    assert found.category is Category.TIMEOUT_CONNECT


async def test_a_cancel_from_outside_is_no_failure_of_the_plugin() -> None:
    with anyio.move_on_after(0.01) as scope:
        await bounded("asking", anyio.sleep_forever, 5)
    assert scope.cancelled_caught


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), KeyboardInterrupt()])
async def test_whatever_it_raises_is_a_value(error: BaseException) -> None:
    async def work() -> None:
        raise error

    found = await bounded("asking", work, 1)
    assert isinstance(found, Failure)
    assert found.category is Category.PLUGIN_ERROR
    assert type(error).__name__ in found.message


async def test_a_foreseen_failure_keeps_its_words() -> None:
    async def work() -> None:
        raise BenchraceError(Category.BUSY, "not now", "Wait.")

    found = await bounded("asking", work, 1)
    assert found == Failure(category=Category.BUSY, message="not now", remedy="Wait.")
