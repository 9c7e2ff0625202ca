"""Run a kernel without the GIL: its progress, its cancel, and its errors as failures."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import anyio

import benchrace_core as core
from benchrace.plugin import BenchraceError, Category, Context, FieldError

T_co = TypeVar("T_co", covariant=True)
# The fields of a lane that the kernels know by another name.
_FIELDS = {"size": "size_mb"}


class Runnable(Protocol[T_co]):
    """A run of the kernels."""

    def execute(self) -> T_co: ...

    def cancel(self) -> None: ...

    def progress(self) -> tuple[int, int]: ...


def checked(make: Callable[[], T_co]) -> T_co:
    """Make a run that is not executed yet; raises `BenchraceError`."""
    with _failures():
        return make()


async def watched(make: Callable[[], Runnable[T_co]], interval_s: float, context: Context) -> T_co:
    """Make a run, execute it and show progress, the last one after the end."""
    run = checked(make)
    async with anyio.create_task_group() as group:
        group.start_soon(_show_progress, run.progress, interval_s, context)
        result = await _execute(run, context)
        group.cancel_scope.cancel()
    context.progress(*run.progress(), "blocks")
    return result


async def execute(make: Callable[[], Runnable[T_co]], context: Context) -> T_co:
    """Make a run and execute it; raises `BenchraceError`."""
    run = checked(make)
    return await _execute(run, context)


async def _execute(run: Runnable[T_co], context: Context) -> T_co:
    with _failures():
        return await context.run_blocking(run.execute, on_cancel=run.cancel)


async def _show_progress(
    progress: Callable[[], tuple[int, int]], interval_s: float, context: Context
) -> None:
    """Read the kernel's own counter; the working threads do not notice."""
    while True:
        await anyio.sleep(interval_s)
        done, total = progress()
        if total:
            context.progress(done, total, "blocks")


def refusal(error: ValueError) -> FieldError:
    """Return what the kernels refuse, by the name of the lane's field."""
    name, _, text = str(error).partition(": ")
    field = _FIELDS.get(name, name)
    return FieldError(field, re.sub(rf"\b{re.escape(name)}\b", field, text))


@contextmanager
def _failures() -> Iterator[None]:
    """Raise what the kernels raise as a `BenchraceError`."""
    try:
        yield
    except core.KernelRefused as error:
        refused = refusal(error)
        raise BenchraceError(
            Category.OUT_OF_MEMORY, f"{refused.path}: {refused.message}"
        ) from error
    except core.KernelFault as error:
        raise BenchraceError(
            Category.BAD_OUTPUT,
            str(error),
            "Report it to the kernels' authors; check this machine's memory.",
        ) from error
    except core.KernelPanic as error:
        raise BenchraceError(Category.PLUGIN_ERROR, f"the kernel panicked: {error}") from error
    except OSError as error:
        raise BenchraceError(Category.SYSTEM, f"the kernel could not start: {error}") from error
