"""A question answered by a worker of its own, which is gone when the answer is there."""

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import msgspec

from benchrace.agent.worker import Worker
from benchrace.errors import BenchraceError, Category
from benchrace.run.control import AnyOrder, Noted, Progressed, Reply

Hear = Callable[[Progressed | Noted], None]


async def ask(
    command: Sequence[str], order: AnyOrder, limit_s: float, hear: Hear | None = None
) -> Any:
    """Give the worker's answer; `hear` gets what an operation says on its way.

    Raises what it answered as a failure, `timeout_idle` after `limit_s`, or `worker_died` with
    the end of its error output.
    """
    worker = await Worker.start(command)
    reply: Reply | None = None
    try:
        with anyio.move_on_after(limit_s) as limit:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(worker.log, None)
                await worker.say(order)
                reply = await _reply(worker, hear)
                if reply is None:
                    # Its last words are why.
                    await worker.wait()
                else:
                    tasks.cancel_scope.cancel()
    finally:
        await worker.close()
    if reply is not None:
        if reply.failure is not None:
            raise BenchraceError.of(reply.failure)
        return reply.result
    if limit.cancelled_caught:
        raise BenchraceError(
            Category.TIMEOUT_IDLE,
            f"a worker gave no answer within {limit_s:g} s",
            "Look at what the plugin does when it is asked: it must answer at once.",
            detail=worker.said or None,
        )
    raise BenchraceError(
        Category.WORKER_DIED, "a worker ended without an answer", detail=worker.said or None
    )


async def _reply(worker: Worker, hear: Hear | None) -> Reply | None:
    try:
        async for said in worker.lines():
            match said:
                case Reply():
                    return said
                case Progressed() | Noted() if hear is not None:
                    hear(said)
    except msgspec.DecodeError:
        return None
    return None
