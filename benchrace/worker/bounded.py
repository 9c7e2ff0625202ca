"""One call into a plugin for a question: bounded in time, and its failure is a value."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from benchrace.errors import REMEDY, Category, Failure
from benchrace.worker.failing import failure_of

T = TypeVar("T")


async def bounded(doing: str, work: Callable[[], Awaitable[T]], limit_s: float) -> T | Failure:
    """Await `work()` for `limit_s` at most."""
    stopped = anyio.get_cancelled_exc_class()
    with anyio.move_on_after(limit_s) as scope:
        try:
            return await work()
        except BaseException as error:
            if not scope.cancel_called:
                return failure_of(error, doing)
            if isinstance(error, stopped):
                raise
    return Failure(
        category=Category.TIMEOUT_CONNECT,
        message=f"{doing} took longer than {limit_s:g} s",
        remedy=REMEDY[Category.TIMEOUT_CONNECT],
    )
