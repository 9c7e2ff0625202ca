"""Calls into plugins: limited in time, and never an exception that nobody expects."""

from contextlib import suppress

import anyio
import pytest

from benchrace.errors import REMEDY, BenchraceError, Category
from benchrace.worker.guarded_call import PluginBug, PluginTimeout, guarded_call

LIMIT_S = 0.01


async def test_an_answer_comes_through() -> None:
    async def work() -> int:
        return 5

    assert await guarded_call("asking", work, 1) == 5


async def test_one_that_never_answers_is_given_up() -> None:
    with pytest.raises(PluginTimeout, match=r"asking took longer than 0\.01 s") as raised:
        await guarded_call("asking", anyio.sleep_forever, LIMIT_S)
    assert raised.value.category is Category.TIMEOUT_CONNECT
    assert raised.value.remedy == REMEDY[Category.TIMEOUT_CONNECT]


@pytest.mark.parametrize("error", [ValueError(), BenchraceError(Category.BUSY, "not now")])
async def test_one_that_fails_while_it_is_given_up_is_late_all_the_same(error: Exception) -> None:
    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise error

    with pytest.raises(PluginTimeout):
        await guarded_call("asking", work, LIMIT_S)


async def test_one_that_swallows_its_limit_is_late_all_the_same() -> None:
    async def work() -> int:
        with suppress(anyio.get_cancelled_exc_class()):
            await anyio.sleep_forever()
        return 5

    with pytest.raises(PluginTimeout):
        await guarded_call("asking", work, LIMIT_S)


async def test_a_cancel_from_outside_is_no_failure_of_the_plugin() -> None:
    with anyio.move_on_after(LIMIT_S) as scope:
        await guarded_call("asking", anyio.sleep_forever, 5)
    assert scope.cancelled_caught


@pytest.mark.parametrize("how", ["returns", "raises"])
async def test_a_cancel_from_outside_counts_even_if_the_plugin_swallows_it(how: str) -> None:
    async def work() -> int:
        with suppress(anyio.get_cancelled_exc_class()):
            await anyio.sleep_forever()
        if how == "raises":
            raise ValueError
        return 5

    with anyio.move_on_after(LIMIT_S) as scope:
        await guarded_call("asking", work, 5)
        pytest.fail("the cancel was lost")
    assert scope.cancelled_caught


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), KeyboardInterrupt()])
async def test_whatever_it_raises_is_a_bug_with_a_remedy(error: BaseException) -> None:
    async def work() -> None:
        raise error

    with pytest.raises(PluginBug, match=f"asking failed: {type(error).__name__}") as raised:
        await guarded_call("asking", work, 1)
    assert raised.value.category is Category.PLUGIN_ERROR
    assert raised.value.remedy == REMEDY[Category.PLUGIN_ERROR]


async def test_a_cancelled_error_of_its_own_is_a_bug() -> None:
    async def work() -> None:
        raise anyio.get_cancelled_exc_class()

    with pytest.raises(PluginBug):
        await guarded_call("asking", work, 1)


@pytest.mark.parametrize(
    "error", [BenchraceError(Category.PLUGIN_ERROR, "its own fault"), MemoryError(), ValueError()]
)
async def test_where_a_plugin_is_at_fault_is_kept(error: Exception) -> None:
    async def fail_here() -> None:
        raise error

    with pytest.raises(BenchraceError) as raised:
        await guarded_call("asking", fail_here, 1)
    assert "in fail_here" in str(raised.value.detail)


async def test_a_foreseen_failure_keeps_its_words_and_is_no_bug() -> None:
    async def work() -> None:
        raise BenchraceError(Category.BUSY, "not now", "Wait.")

    with pytest.raises(BenchraceError) as raised:
        await guarded_call("asking", work, 1)
    assert type(raised.value) is BenchraceError
    failure = raised.value.failure()
    assert (failure.category, failure.message, failure.remedy) == (
        Category.BUSY,
        "not now",
        "Wait.",
    )
