"""Operations on this machine's engines: one at a time with measuring, each in its own worker."""

import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc

from benchrace.agent.abilities import Abilities, converted
from benchrace.agent.beacon import Beacon
from benchrace.agent.idle import IdleClock
from benchrace.agent.oneshot import ask
from benchrace.agent.plugins import Plugins
from benchrace.agent.running_operation import RunningOperation
from benchrace.agent.settings import AgentSettings
from benchrace.agent.slot import Busy, Slot
from benchrace.errors import (
    BenchraceError,
    Category,
    FieldError,
    InvalidInput,
    NotFound,
    with_remedy,
)
from benchrace.link.capabilities import BackendStatus
from benchrace.link.operations import OperationRequest, ResetAll
from benchrace.plugin.operations import Operation, Reset
from benchrace.run.control import OperateOrder

_KEPT = 50
# The worker has limits of its own, and says so in words; this is for one that does not.
_LIMIT_S = 90_000.0
# These go on where they were when they are asked for again, or are soon done once more: a job
# need not wait for them.
_YIELDING = frozenset({Operation.PULL, Operation.SYNC, Operation.WRITE})


class Operations:
    """`changed` flashes when any of them has something new. Await `run` beside all calls."""

    def __init__(
        self,
        settings: AgentSettings,
        plugins: Plugins,
        abilities: Abilities,
        slot: Slot,
        changed: Beacon,
        idle: IdleClock,
    ) -> None:
        self._idle = idle
        self._settings = settings
        self._plugins = plugins
        self.abilities = abilities
        self._slot = slot
        self._known: deque[RunningOperation] = deque(maxlen=_KEPT)
        self._tasks: anyio.abc.TaskGroup | None = None
        self.changed = changed

    async def run(self) -> None:
        """Run what is started, until cancelled."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await anyio.sleep_forever()

    def all(self) -> tuple[RunningOperation, ...]:
        """Give what is kept, the oldest first."""
        return tuple(self._known)

    def named(self, operation_id: str) -> RunningOperation:
        """Find one; raises NotFound."""
        for each in self._known:
            if each.operation_id == operation_id:
                return each
        raise NotFound(
            f"there is no operation {operation_id[:40]!r} here",
            "Look at GET /api/v1/operations for what there is.",
        )

    def offering(self, operation: Operation) -> tuple[str, ...]:
        """Name the backends that offer an operation; none before the plugins are described."""
        known = self.abilities.current
        return tuple(
            each.description.name
            for each in (known.backends if known else ())
            if operation in each.description.operations
        )

    async def start(
        self, backend: str, operation: Operation, request: OperationRequest
    ) -> RunningOperation:
        """Start one, or give the same one that runs already.

        Raises NotFound where the backend does not offer it, InvalidInput, or Busy.
        """
        await self._check(backend, operation, request)
        models = request.all_models()
        for each in self._known:
            if not each.running or not each.is_same(backend, operation, models):
                continue
            if operation is not Operation.WRITE:
                return each
            raise Busy(None, f"{', '.join(models)} is writing on {self._settings.machine_id}")
        if self._tasks is None:
            raise RuntimeError("operations are started before they are run")
        self._slot.refuse_if_busy()
        made = RunningOperation(self._settings.machine_id, backend, operation, models, self.changed)
        self._known.append(made)
        await self._tasks.start(self._run, made, request)
        return made

    async def reset_all(self) -> ResetAll:
        """Reset every engine that can be, one after the other; raises nothing."""
        began_ns = time.monotonic_ns()
        await self.abilities.known()
        names = self.offering(Operation.RESET)
        found: dict[str, Reset] = {}
        healthy: list[bool] = []
        notes = [] if names else [await self._nothing()]
        for name in names:
            found[name], able = await self._reset(name)
            notes += [f"{name}: {note}" for note in found[name].notes]
            if able:
                healthy.append(found[name].healthy is True)
        took_ms = (time.monotonic_ns() - began_ns) / 1e6
        good = bool(healthy) and all(healthy)
        return ResetAll(ok=good, duration_ms=took_ms, backends=found, notes=tuple(notes))

    async def _reset(self, name: str) -> tuple[Reset, bool]:
        """Reset one; false beside it where nothing is configured by which it could be."""
        try:
            running = await self.start(name, Operation.RESET, OperationRequest())
            await running.ended()
            return converted(running.result(), Reset), True
        except BenchraceError as error:
            able = "operation" not in {each.path for each in error.fields}
            told = with_remedy(error.message, error.remedy)
            return Reset(notes=(f"it was not reset: {told}",)), able

    async def _nothing(self) -> str:
        known = (await self.abilities.known()).backends
        names = ", ".join(each.description.name for each in known) or "none"
        return f"nothing was reset: no backend here offers it (installed: {names})"

    async def _check(self, name: str, operation: Operation, request: OperationRequest) -> None:
        known = (await self.abilities.known()).backends
        status = next((each for each in known if each.description.name == name), None)
        if status is None:
            installed = ", ".join(each.description.name for each in known) or "none"
            raise NotFound(
                f"there is no backend {name[:64]!r} here",
                f"Install its plugin, or choose one that is there: {installed}.",
            )
        offered = status.description.operations
        if operation not in offered:
            raise NotFound(
                f"backend {name} does not offer {operation.value}", _instead(status, known)
            )
        if operation is Operation.PULL and not request.all_models():
            raise InvalidInput(FieldError("model", "say which model to pull"))
        if operation is Operation.WRITE and not (request.all_models() and request.write):
            raise InvalidInput(FieldError("write", "say which model is to write, and what"))

    async def _run(
        self,
        running: RunningOperation,
        request: OperationRequest,
        *,
        task_status: anyio.abc.TaskStatus[None],
    ) -> None:
        try:
            with running.scope:
                async with self._place(running):
                    task_status.started()
                    await self._work(running, request)
        except Busy as error:
            running.fail(error)
            if running.operation in _YIELDING and running.begun:
                return
            self._known.remove(running)
            raise
        except BenchraceError as error:
            running.fail(error)
        except OSError as error:
            running.fail(BenchraceError(Category.SYSTEM, f"no worker can be started: {error}"))
        else:
            running.end()
        self._idle.used([running.backend])
        await self._look_again()

    @asynccontextmanager
    async def _place(self, running: RunningOperation) -> AsyncIterator[None]:
        """Keep away from measurements: by holding their place, or by giving way to them."""
        if running.operation in _YIELDING:
            async with self._slot.aside():
                yield
            return
        await self._slot.take(running.operation_id, running.words)
        try:
            yield
        finally:
            self._slot.release()

    async def _work(self, running: RunningOperation, request: OperationRequest) -> None:
        running.begun = True
        for model in running.models or (None,):
            running.about(model)
            order = OperateOrder(
                plugins=self._plugins.for_backends(frozenset({running.backend}), None),
                config=self.abilities.tables(),
                operation=running.operation,
                backend=running.backend,
                model=model,
                assets=request.assets,
                write=request.write,
                log_dir=self._settings.log_dir,
                gpus=self.abilities.gpus,
            )
            answer: Any = await ask(self._settings.worker, order, _LIMIT_S, running.hear)
            running.add(answer)

    async def _look_again(self) -> None:
        """What an engine has and whether it answers is new now."""
        try:
            await self.abilities.refresh()
        except (BenchraceError, OSError):
            # A job came, or the probe failed: the next one tells.
            return


def _instead(status: BackendStatus, known: tuple[BackendStatus, ...]) -> str:
    offered = ", ".join(each.value for each in status.description.operations) or "nothing of it"
    return f"It offers {offered}; another backend here may ({len(known)} are installed)."
