"""Run a blocking call in a thread, and ask it to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")


@dataclass(frozen=True)
class _Returned(Generic[T]):
    value: T


@dataclass(frozen=True)
class _Raised:
    error: BaseException


async def run_blocking(call: Callable[[], T], on_cancel: Callable[[], None] | None = None) -> T:
    """Run `call` in a thread. On cancel call `on_cancel`, then wait for `call` to return."""

    def boxed() -> _Returned[T] | _Raised:
        try:
            return _Returned(call())
        except BaseException as error:  # noqa: BLE001 - carried over, raised below
            return _Raised(error)

    async def stop_when_cancelled() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            if not returned and on_cancel is not None:
                on_cancel()

    returned = False
    async with anyio.create_task_group() as group:
        group.start_soon(stop_when_cancelled)
        outcome = await anyio.to_thread.run_sync(boxed)
        returned = True
        group.cancel_scope.cancel()
    await anyio.lowlevel.checkpoint_if_cancelled()
    match outcome:
        case _Returned(value=value):
            return value
        case _Raised(error=error):
            raise error
