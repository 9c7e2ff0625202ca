"""Carry out one operation on an engine, and report its progress."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar, assert_never

from benchrace.clock import Clock
from benchrace.errors import FieldError, InvalidInput
from benchrace.plugin import Backend, Device, Operated, Operation, Reset, Unloaded, Written
from benchrace.protocol.agent_worker import Noted, OperateOrder, Progressed
from benchrace.telemetry import plausible
from benchrace.worker.control_client import ControlClient
from benchrace.worker.guarded_call import guarded_call
from benchrace.worker.lanes.alarm import LoopTimer
from benchrace.worker.lanes.marks import is_number
from benchrace.worker.lanes.throttle import Throttled, cut
from benchrace.worker.questions.lend import Control, lend
from benchrace.worker.questions.question_context import QuestionContext
from benchrace.worker.registry import Registry
from benchrace.worker.stdio import ProtocolOut

# Far over what engines take; a model over a slow line may take a day.
LIMIT_S = 900.0
PULL_S = 86_400.0
WRITE_S = 300.0
_PLAIN = 1000
T = TypeVar("T")


class OperationContext(QuestionContext):
    """Progress and log lines go to the agent, as they come. Create it in the event loop."""

    prunes = True

    def __init__(
        self,
        clock: Clock,
        client: ControlClient,
        output: ProtocolOut,
        gpus: Sequence[Device] = (),
    ) -> None:
        super().__init__(clock, client, gpus)
        self._output = output
        self._progress = Throttled(self._show, clock, LoopTimer(asyncio.get_running_loop()))

    def show_all(self) -> None:
        self._progress.show()

    def line(self, text: str) -> None:
        self.log(text)

    def progress(self, done: float, total: float | None, unit: str, *, phase: str = "") -> None:
        if not is_number(done) or not (total is None or is_number(total)):
            raise ValueError(f"progress of {done!r} in {total!r}: give finite numbers")
        self._progress.put(done, total, cut(unit)[:40])

    def log(self, message: str, level: str = "info") -> None:
        self._progress.show()
        self._output.say(Noted(level=cut(level)[:40], message=cut(message)[:_PLAIN]))

    def _show(self, done: float, total: float | None, unit: str) -> None:
        self._output.say(Progressed(done=done, total=total, unit=unit))


async def operate(
    order: OperateOrder, registry: Registry, context: QuestionContext, control: Control
) -> Any:
    """Return the answer of the backend's method; raises as `guarded_call` does."""
    backend = registry.make(order.backend)
    if order.operation is Operation.LEND:
        return await lend(order, backend, context, control)
    wanted, limit_s = _shape(order.operation)
    doing = f"{order.operation} of {order.backend}"
    result = await guarded_call(doing, lambda: _call(order, backend, context), limit_s)
    if not isinstance(result, wanted):
        raise TypeError(f"{doing} returned {result!r:.200}, expected {wanted.__name__}")
    return plausible.checked(result)[0] if isinstance(result, Unloaded) else result


async def _call(order: OperateOrder, backend: Backend, context: QuestionContext) -> Any:
    match order.operation:
        case Operation.RESET:
            return await backend.reset(context)
        case Operation.START:
            return await backend.start(context)
        case Operation.STOP:
            return await backend.stop(context)
        case Operation.UNLOAD:
            return await backend.unload(order.model, context)
        case Operation.PULL:
            return await backend.pull(_named(order.model, "model", "model to pull"), context)
        case Operation.SYNC:
            return await backend.sync(order.assets, context)
        case Operation.WRITE:
            model = _named(order.model, "write", "model and the instruction")
            writing = _named(order.write, "write", "model and the instruction")
            return await backend.write(model, writing, context)
        case Operation.LEND:
            raise ValueError("a lend is held, not called")
        case _:
            assert_never(order.operation)


def _named(value: T | None, path: str, what: str) -> T:
    if not value:
        raise InvalidInput(FieldError(path, f"name the {what}"))
    return value


def _shape(operation: Operation) -> tuple[type, float]:
    """Return the type of an operation's answer, and how long it may take."""
    match operation:
        case Operation.RESET:
            return Reset, LIMIT_S
        case Operation.START | Operation.STOP:
            return Operated, LIMIT_S
        case Operation.UNLOAD:
            return Unloaded, LIMIT_S
        case Operation.PULL | Operation.SYNC:
            return type(None), PULL_S
        case Operation.WRITE:
            return Written, WRITE_S
        case Operation.LEND:
            raise ValueError("a lend has no answer")
        case _:
            assert_never(operation)
