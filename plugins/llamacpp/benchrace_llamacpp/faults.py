"""Explain the failure of a round: which machine's worker died or hangs, and what the log says."""

import anyio

from benchrace.plugin import BenchraceError, Category, Context
from benchrace_llamacpp.coordinator import load_log
from benchrace_llamacpp.coordinator.pool import Coordinators
from benchrace_llamacpp.coordinator.server import CoordinatorServer
from benchrace_llamacpp.errors import ending
from benchrace_llamacpp.lending import peers as workers

# A server that aborts closes its connections a moment before it exits. One that still answers has
# not aborted.
_END_S = 2.0
_POLL_S = 0.02
_BROKEN = (Category.ENDED_EARLY, Category.UNREACHABLE, Category.STREAM_ERROR)
_SILENT = (Category.TIMEOUT_FIRST, Category.TIMEOUT_IDLE, Category.TIMEOUT_CONNECT)


async def explain(error: BenchraceError, pool: Coordinators, context: Context) -> BenchraceError:
    """Return the failure with its cause; a server that is stuck is stopped, so that it is free."""
    server = pool.current
    if server is None or error.category not in (*_BROKEN, *_SILENT):
        return error
    if error.category in _BROKEN:
        await _ended(server, context)
    if server.status() is not None:
        return await _crashed(error, server, pool, context)
    if error.category in _SILENT and server.plan.peers:
        return await _stuck(error, server, pool, context)
    return error


async def _ended(server: CoordinatorServer, context: Context) -> None:
    client = server.client(context)
    with anyio.move_on_after(_END_S):
        while server.status() is None:
            await anyio.sleep(_POLL_S)
            if await client.loading() is not None:
                return


async def _crashed(
    error: BenchraceError, server: CoordinatorServer, pool: Coordinators, context: Context
) -> BenchraceError:
    tail = await context.run_blocking(server.process.tail)
    text = f"llama-server {ending(server.status() or 0)}"
    if (reason := load_log.failure(tail)) is not None:
        text += f": {reason}"
    # The connections are free now, so that the workers answer.
    answers = await workers.ask_all(server.plan.peers)
    await pool.stop(context)
    if (blamed := workers.failure(answers)) is not None:
        text += f"; {blamed.message}"
    elif answers:
        text += f"; all workers answer again: {workers.describe(answers)}"
    remedy = "Read the logs of llama-server and of the worker; the next round starts them again."
    return BenchraceError(Category.ENDED_EARLY, text, remedy, detail=tail or error.detail)


async def _stuck(
    error: BenchraceError, server: CoordinatorServer, pool: Coordinators, context: Context
) -> BenchraceError:
    """Stop a server that waits for a worker and name the worker; it has not crashed."""
    await pool.stop(context)
    blamed = workers.failure(await workers.ask_all(server.plan.peers))
    if blamed is None:
        return error
    text = f"{error.message}; {blamed.message}"
    remedy = "Check that machine and its network; the next round starts llama-server again."
    return BenchraceError(Category.ENDED_EARLY, text, remedy, detail=error.detail)
