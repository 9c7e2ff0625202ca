"""One call into a plugin: limited in time, and whatever it raises is classified."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import anyio.lowlevel

from benchrace.errors import BenchraceError, Category
from benchrace.worker.plugin_errors import bug, foreseen

T = TypeVar("T")


class PluginTimeout(BenchraceError):
    """The plugin took longer than its limit."""


class PluginBug(BenchraceError):
    """The plugin raised what it should not, with its traceback as `detail`."""


async def guarded_call(doing: str, work: Callable[[], Awaitable[T]], limit_s: float) -> T:
    """Return what `work()` returns within `limit_s`.

    Raises `PluginTimeout`, `PluginBug`, or the `BenchraceError` that the plugin's exception stands
    for, each with a category and a remedy. `SystemExit` and `KeyboardInterrupt` are bugs, too.

    A cancel from outside passes through, and so does the limit, whatever the plugin makes of the
    cancellation: what it returns or raises afterwards is dropped. One that goes on all the same
    cannot be ended from inside of its process: a job has a watchdog for that, and the worker of a
    question is killed by its agent.
    """
    with anyio.move_on_after(limit_s):
        try:
            value = await work()
        except BaseException as error:
            # Cleaning up after a cancel may fail in any way: the cancel is what counts.
            await anyio.lowlevel.checkpoint_if_cancelled()
            failure = foreseen(error)
            if failure is None:
                raise PluginBug.of(bug(error, doing)) from error
            raise failure from error
        await anyio.lowlevel.checkpoint_if_cancelled()
        return value
    await anyio.lowlevel.checkpoint_if_cancelled()
    raise PluginTimeout(Category.TIMEOUT_CONNECT, f"{doing} took longer than {limit_s:g} s")
