"""One call into a plugin for a question: bounded in time, and its failure is a value."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import anyio.lowlevel

from benchrace.errors import REMEDY, Category, Failure
from benchrace.worker.failing import failure_of

T = TypeVar("T")


async def bounded(doing: str, work: Callable[[], Awaitable[T]], limit_s: float) -> T | Failure:
    """Await `work()` for `limit_s` at most."""
    with anyio.move_on_after(limit_s):
        try:
            return await work()
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            # Raises where it was cancelled, by its limit or from outside: that is what counts.
            await anyio.lowlevel.checkpoint_if_cancelled()
            return failure_of(error, doing)
    return Failure(
        category=Category.TIMEOUT_CONNECT,
        message=f"{doing} took longer than {limit_s:g} s",
        remedy=REMEDY[Category.TIMEOUT_CONNECT],
    )
