"""Lend this machine to a lane of another one, until the agent ends that."""

import math
import os
from dataclasses import dataclass
from typing import Any

import anyio

from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.plugin import Backend, Context, Lending, Lent
from benchrace.protocol.agent_worker import LEAVE_S, Listening, OperateOrder, WorkerExit
from benchrace.worker.commands import Commands
from benchrace.worker.guarded_call import guarded_call
from benchrace.worker.stdio import Lines, ProtocolOut
from benchrace.worker.watchdog import Watchdog

# An engine that offers a machine's devices loads no model: it listens within seconds.
LIMIT_S = 120.0


@dataclass(frozen=True)
class Control:
    """The agent's lines after the order, the worker's answers to it, and what ends the process."""

    lines: Lines
    output: ProtocolOut
    watchdog: Watchdog


async def lend(order: OperateOrder, backend: Backend, context: Context, control: Control) -> None:
    """Report what the backend lends, and hold it until the agent cancels or is gone.

    Raises as `guarded_call` does, and `ended_early` where the backend lets go by itself.
    """
    if order.lending is None:
        raise InvalidInput(FieldError("lending", "name the run and the lane"))
    lending, doing = order.lending, f"lend of {order.backend}"
    hold = _Hold(control.output)
    with anyio.CancelScope(deadline=anyio.current_time() + LIMIT_S) as scope:
        hold.scope = scope
        commands = Commands()
        commands.listen(control.lines, stop=hold.end, lost=lambda: _orphaned(control.watchdog))
        await guarded_call(doing, lambda: hold.run(backend, lending, context), math.inf)
    if hold.ended.is_set():
        return
    if scope.cancelled_caught:
        what = f"{doing} does not listen after {LIMIT_S:g} s"
        raise BenchraceError(Category.TIMEOUT_CONNECT, what)
    raise BenchraceError(
        Category.ENDED_EARLY, f"{doing} ended by itself", "Check the log of the engine there."
    )


def _orphaned(watchdog: Watchdog) -> None:
    """End this process in time where cleaning up hangs: nobody else is left who would."""
    watchdog.arm(LEAVE_S, lambda: os._exit(WorkerExit.DONE))


class _Hold:
    """What is lent, from its start on; `scope` ends a start, and `ended` what was started."""

    def __init__(self, output: ProtocolOut) -> None:
        self._output = output
        self._listening = False
        self.scope = anyio.CancelScope()
        self.ended = anyio.Event()

    def end(self) -> None:
        """End it in order where it listens: its cleaning up may take a while."""
        self.ended.set()
        if not self._listening:
            self.scope.cancel()

    async def run(self, backend: Backend, lending: Lending, context: Context) -> None:
        async with backend.lend(lending, context) as offered:
            lent: Any = offered
            if not isinstance(lent, Lent):
                raise TypeError(f"it lent {lent!r:.200}, expected Lent")
            self._listening, self.scope.deadline = True, math.inf
            self._output.say(Listening(lent=lent))
            await self.ended.wait()
