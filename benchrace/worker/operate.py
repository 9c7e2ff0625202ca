"""Do one operation with an engine, and say on the way how far it has got."""

from collections.abc import Sequence
from typing import Any, assert_never

from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Failure, FieldError, InvalidInput
from benchrace.plugin import Backend, Device, Operated, Operation, Reset, Unloaded, Written
from benchrace.run.control import Noted, OperateOrder, Progressed
from benchrace.worker.bounded import bounded
from benchrace.worker.control_client import ControlClient
from benchrace.worker.display import Thinned, cut
from benchrace.worker.marks import is_number
from benchrace.worker.quiet import QuietContext
from benchrace.worker.registry import Registry
from benchrace.worker.streams import Voice

# Far over what engines take; a model over a slow line may take a day.
LIMIT_S = 900.0
PULL_S = 86_400.0
WRITE_S = 300.0
_PLAIN = 1000


class SpeakingContext(QuietContext):
    """Progress and log lines go to the agent, as they come."""

    def __init__(
        self, clock: Clock, client: ControlClient, voice: Voice, gpus: Sequence[Device] = ()
    ) -> None:
        super().__init__(clock, client, gpus)
        self._voice = voice
        self._progress = Thinned(self._show, clock)

    def show_all(self) -> None:
        self._progress.show()

    def line(self, text: str) -> None:
        self.log(text)

    def progress(self, done: float, total: float | None, unit: str) -> None:
        if not is_number(done) or not (total is None or is_number(total)):
            raise ValueError(f"progress of {done!r} in {total!r}: give finite numbers")
        self._progress.put(done, total, cut(unit)[:40])

    def log(self, message: str, level: str = "info") -> None:
        self._progress.show()
        self._voice.say(Noted(level=cut(level)[:40], message=cut(message)[:_PLAIN]))

    def _show(self, done: float, total: float | None, unit: str) -> None:
        self._voice.say(Progressed(done=done, total=total, unit=unit))


async def operate(order: OperateOrder, registry: Registry, context: QuietContext) -> Any:
    """Give what the backend's method answers; raises what it raises, and a bug as one."""
    backend = registry.make(order.backend)
    wanted, limit_s = _shape(order.operation)
    doing = f"{order.operation} of {order.backend}"
    result = await bounded(doing, lambda: _call(order, backend, context), limit_s)
    if isinstance(result, Failure):
        raise BenchraceError.of(result)
    if not isinstance(result, wanted):
        raise TypeError(f"{doing} returned {result!r:.200}, no {wanted.__name__}")
    return result


async def _call(order: OperateOrder, backend: Backend, context: QuietContext) -> Any:
    match order.operation:
        case Operation.RESET:
            return await backend.reset(context)
        case Operation.START:
            return await backend.start(context)
        case Operation.STOP:
            return await backend.stop(context)
        case Operation.UNLOAD:
            return await backend.unload(order.model, context)
        case Operation.PULL if order.model:
            return await backend.pull(order.model, context)
        case Operation.PULL:
            raise InvalidInput(FieldError("model", "say which model to pull"))
        case Operation.SYNC:
            return await backend.sync(order.assets, context)
        case Operation.WRITE if order.model and order.write is not None:
            return await backend.write(order.model, order.write, context)
        case Operation.WRITE:
            raise InvalidInput(FieldError("write", "say which model is to write, and what"))
        case _:
            assert_never(order.operation)


def _shape(operation: Operation) -> tuple[type, float]:
    """Give what an operation answers, and how long it may take."""
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
        case _:
            assert_never(operation)
