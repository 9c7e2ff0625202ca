"""Operations on the fleet's engines, over their agents' links."""

from typing import Any, TypeVar

import anyio
import msgspec

from benchrace import structs
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.machine import Machine
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.plugin.operations import Operation, Writing, Written
from benchrace.protocol.agent_central import What
from benchrace.protocol.operations import (
    FollowAsk,
    OperateAsk,
    OperationRequest,
    OperationState,
    OperationStatus,
    ResetAll,
)

T = TypeVar("T")
_START_S = 60.0
# Every engine of a machine, one after the other.
_RESET_S = 3600.0
_SPARE_S = 30.0
_TURN_S = 10.0


class Engines:
    """Every call raises `NotFound` for what there is not, and `unreachable` without a link."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def operate(
        self, machine_id: str, backend: str, operation: Operation, request: OperationRequest
    ) -> OperationStatus:
        """Start an operation; raises `busy` while the machine measures."""
        machine = self._fleet.get(machine_id)
        _check(machine, backend, operation)
        ask = OperateAsk(backend=backend, operation=operation, request=request)
        return await self._ask(machine, "operate", _START_S, OperationStatus, operate=ask)

    async def follow(self, machine_id: str, request: FollowAsk) -> OperationStatus:
        """Return an operation's status."""
        machine = self._fleet.get(machine_id)
        limit_s = request.wait_s + _SPARE_S
        return await self._ask(machine, "follow", limit_s, OperationStatus, follow=request)

    async def write(
        self, machine_id: str, backend: str, model: str, writing: Writing, limit_s: float
    ) -> Written:
        """Generate a text with a model; raises the operation's failure, or `timeout_idle`."""
        request = OperationRequest(model=model, write=writing)
        status = await self.operate(machine_id, backend, Operation.WRITE, request)
        follow = FollowAsk(operation_id=status.operation_id, wait_s=_TURN_S)
        with anyio.move_on_after(limit_s):
            while status.state is OperationState.RUNNING:
                follow = msgspec.structs.replace(follow, since=status.next)
                status = await self.follow(machine_id, follow)
        if status.state is OperationState.RUNNING:
            await self.follow(machine_id, msgspec.structs.replace(follow, cancel=True))
            message = f"{model} on {machine_id} has not ended within {limit_s:g} s"
            raise BenchraceError(Category.TIMEOUT_IDLE, message)
        if status.failure is not None:
            raise BenchraceError.of(status.failure)
        return structs.convert(status.results[0], Written)

    async def reset(self, machine_id: str) -> ResetAll:
        """Reset every engine of a machine that can be."""
        return await self._ask(self._fleet.get(machine_id), "reset", _RESET_S, ResetAll)

    async def _ask(
        self, machine: Machine, what: What, limit_s: float, kind: type[T], **about: Any
    ) -> T:
        if machine.session is None:
            raise BenchraceError(
                Category.UNREACHABLE,
                f"{machine.machine_id} is not linked",
                "Start its agent, or wait until it reconnects.",
            )
        try:
            return structs.convert(await machine.session.requests.ask(what, limit_s, **about), kind)
        except msgspec.ValidationError as error:
            raise BenchraceError(
                Category.SYSTEM, f"invalid answer from {machine.machine_id}: {error}"
            ) from error
        except BenchraceError as error:
            # Bad input always names a field: what names none was not found there.
            if error.category is Category.VALIDATION and not error.fields:
                raise NotFound(error.message, error.remedy) from error
            raise


def _check(machine: Machine, name: str, operation: Operation) -> None:
    """Refuse what the machine's agent does not offer; an unknown machine is asked."""
    if machine.capabilities is None:
        return
    backends = {
        backend.description.name: backend.description for backend in machine.capabilities.backends
    }
    if name not in backends:
        names = ", ".join(sorted(backends)) or "none"
        raise NotFound(
            f"{machine.machine_id} has no backend {name[:64]!r}", f"Choose one it has: {names}."
        )
    offered = backends[name].operations
    if operation not in offered:
        listed = ", ".join(machine.value for machine in offered) or "no operations"
        raise NotFound(
            f"backend {name} of {machine.machine_id} does not offer {operation.value}",
            f"It offers {listed}.",
        )
