"""One request to a worker of its own, which ends with the answer."""

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import msgspec

from benchrace.agent.jobs.worker_process import Worker, WorkerCommand
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.protocol.agent_worker import (
    AnyOrder,
    Cancel,
    Listening,
    Noted,
    Progressed,
    Reply,
    Update,
)

OnUpdate = Callable[[Update], None]


async def ask(
    command: WorkerCommand,
    order: AnyOrder,
    limit_s: float,
    on_update: OnUpdate | None = None,
    leave_s: float | None = None,
    pass_fds: Sequence[int] = (),
) -> Any:
    """Return the worker's answer; `on_update` gets an operation's updates on the way.

    The worker inherits `pass_fds`.

    Where this is cancelled, the worker is killed; with `leave_s` it may first put things in order
    for so long.

    Raises what it answered as a failure, `timeout_idle` after `limit_s`, `plugin_error` at once
    for an answer that cannot be read or is too long, or `worker_died` with the end of its error
    output.
    """
    worker = await Worker.start(command, pass_fds)
    reply: Reply | None = None
    try:
        with anyio.move_on_after(limit_s) as limit:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(worker.log, None)
                await worker.send(order)
                reply = await _reply(worker, on_update)
                if reply is None:
                    # Its last words are why.
                    await worker.wait()
                else:
                    tasks.cancel_scope.cancel()
    finally:
        if reply is None and leave_s is not None:
            with anyio.CancelScope(shield=True):
                await worker.send(Cancel(reason="ended by the agent"))
                await worker.end(term_s=leave_s)
        await worker.close()
    if reply is not None:
        if reply.failure is not None:
            raise BenchraceError.of(reply.failure)
        return reply.result
    if limit.cancelled_caught:
        raise BenchraceError(
            Category.TIMEOUT_IDLE,
            f"no answer from a worker within {limit_s:g} s",
            "Check what the plugin waits for: it must answer without delay.",
            detail=worker.stderr_tail or None,
        )
    last = worker.stderr_tail.rpartition("\n")[2]
    raise BenchraceError(
        Category.WORKER_DIED,
        f"the plugin's worker ended without an answer{f': {last[:300]}' if last else ''}",
        "Report it to the plugin's author, with the last output of the worker.",
        detail=worker.stderr_tail or None,
    )


async def _reply(worker: Worker, on_update: OnUpdate | None) -> Reply | None:
    try:
        async for message in worker.lines():
            match message:
                case Reply():
                    return message
                case Progressed() | Noted() | Listening() if on_update is not None:
                    on_update(message)
    except msgspec.DecodeError as error:
        # A worker that still writes would be waited for until the limit, and in vain.
        return Reply(
            failure=Failure(
                category=Category.PLUGIN_ERROR,
                message=f"invalid answer from a worker: {str(error)[:200]}",
                remedy="Update the plugin, or request less.",
            )
        )
    return None
