"""Operations on this machine's engines, never while something is measured, each in a worker."""

import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import anyio
import anyio.abc
import msgspec

from benchrace.agent.capabilities import CapabilityMonitor
from benchrace.agent.engines.assets import configured_assets
from benchrace.agent.engines.idle import IdleClock
from benchrace.agent.engines.lending import end_unfollowed, listening_address
from benchrace.agent.engines.operation import RunningOperation
from benchrace.agent.engines.request_check import check_request
from benchrace.agent.jobs.keep_awake import KeepAwake
from benchrace.agent.jobs.slot import Busy, Slot
from benchrace.agent.one_shot import ask
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.errors import (
    BenchraceError,
    Category,
    NotFound,
)
from benchrace.notifier import Notifier
from benchrace.plugin.assets import Asset
from benchrace.plugin.lending import Lending
from benchrace.plugin.operations import Operation
from benchrace.protocol.agent_worker import LEAVE_S, OperateOrder
from benchrace.protocol.assets import AssetSetup
from benchrace.protocol.operations import OperationRequest
from benchrace.web.address import is_loopback

_MAX_OPERATIONS = 50
# The worker has limits of its own, and says so in words; this is for one that does not.
_LIMIT_S = 90_000.0
# How long the end of an operation may wait for the probe that shows its effect.
_MAX_LOOK_S = 10.0
_STARTING = frozenset({Operation.START, Operation.RESET})
# A start that nobody could have made says nothing about the engine.
_NO_ATTEMPT = frozenset({Category.VALIDATION, Category.CANCELLED})
# These go on where they were when they are asked for again, or are soon done once more: a job
# need not wait for them.
_YIELDING = frozenset({Operation.PULL, Operation.SYNC, Operation.WRITE})


class Operations:
    """`changed` notifies when any of them has something new. Await `run` beside all calls.

    `link_address` is this end of the link to central, None before the first one.
    """

    def __init__(
        self,
        *,
        settings: AgentSettings,
        plugins: Plugins,
        capabilities: CapabilityMonitor,
        slot: Slot,
        changed: Notifier,
        idle: IdleClock,
        asset_setup: Callable[[], AssetSetup],
        awake: KeepAwake | None = None,
    ) -> None:
        self._asset_setup = asset_setup
        self._awake = awake
        self.link_address: str | None = None
        self._idle = idle
        self._settings = settings
        self._plugins = plugins
        self.capabilities = capabilities
        self._slot = slot
        self._operations: deque[RunningOperation] = deque(maxlen=_MAX_OPERATIONS)
        self._tasks: anyio.abc.TaskGroup | None = None
        self.changed = changed

    async def run(self) -> None:
        """Run what is started, until cancelled."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await anyio.sleep_forever()

    def all(self) -> tuple[RunningOperation, ...]:
        """Return the latest operations, the oldest first."""
        return tuple(self._operations)

    def named(self, operation_id: str) -> RunningOperation:
        """Return an operation; raises NotFound."""
        for operation in self._operations:
            if operation.operation_id == operation_id:
                return operation
        raise NotFound(
            f"unknown operation {operation_id[:40]!r}",
            "GET /api/v1/operations lists the operations.",
        )

    def offering(self, operation: Operation) -> tuple[str, ...]:
        """Name the backends that offer an operation; none before the plugins are described."""
        return tuple(
            backend.description.name
            for backend in self.capabilities.current.backends
            if operation in backend.description.operations
        )

    async def start(
        self, backend: str, operation: Operation, request: OperationRequest
    ) -> RunningOperation:
        """Start an operation, or return the same one that is running already.

        Raises NotFound where the backend does not offer it, InvalidInput, or Busy.
        """
        check_request(await self.capabilities.ready(), backend, operation, request)
        if operation is Operation.SYNC and not request.assets:
            assets = await anyio.to_thread.run_sync(configured_assets, self._settings, backend)
            request = msgspec.structs.replace(request, assets=assets)
        models = request.all_models()
        about = (backend, operation, models, request.assets, request.lending)
        while (other := self._same(*about)) is not None:
            if operation is Operation.WRITE:
                raise Busy(
                    None,
                    f"{', '.join(models)} is already writing a prompt on "
                    f"{self._settings.machine_id}",
                )
            if operation is not Operation.LEND:
                return other
            if not other.is_cancelled:
                other.note_follower()
                return other
            await other.ended()
        if operation is Operation.LEND:
            request = self._with_address(request)
        if self._tasks is None:
            raise RuntimeError("operations are started before they are run")
        self._slot.refuse_if_busy()
        running = RunningOperation(
            self._settings.machine_id,
            backend,
            operation,
            models,
            self.changed,
            request.assets,
            request.lending,
        )
        self._operations.append(running)
        await self._tasks.start(self._run, running, request)
        if operation is Operation.LEND:
            self._tasks.start_soon(end_unfollowed, running, self._settings.lease_s)
        return running

    def _same(
        self,
        backend: str,
        operation: Operation,
        models: tuple[str, ...],
        assets: tuple[Asset, ...],
        lending: Lending | None,
    ) -> RunningOperation | None:
        """Return the running operation that was requested like this one."""
        return next(
            (
                other
                for other in self._operations
                if other.running and other.is_same(backend, operation, models, assets, lending)
            ),
            None,
        )

    def _with_address(self, request: OperationRequest) -> OperationRequest:
        """Fill in where a lend is to listen; what the request itself says does not count."""
        host = listening_address(
            self._settings.lend_address, self.link_address, request.coordinator
        )
        if request.elsewhere and not self._settings.lend_address and is_loopback(host):
            raise BenchraceError(
                Category.SYSTEM,
                f"it would listen at {host}, which the coordinator of the lane cannot reach",
                f"Set lend_address in agent.yaml of {self._settings.machine_id}.",
            )
        lending = request.lending and msgspec.structs.replace(request.lending, host=host)
        return msgspec.structs.replace(request, lending=lending)

    async def _run(
        self,
        running: RunningOperation,
        request: OperationRequest,
        *,
        task_status: anyio.abc.TaskStatus[None],
    ) -> None:
        failure: BenchraceError | None = None
        try:
            with running.scope:
                async with self._place(running):
                    task_status.started()
                    await self._work(running, request)
        except Busy as error:
            running.fail(error)
            if running.operation in _YIELDING and running.begun:
                return
            self._operations.remove(running)
            raise
        except BenchraceError as error:
            failure = error
        except OSError as error:
            failure = BenchraceError(Category.SYSTEM, f"no worker can be started: {error}")
        except BaseException:
            # Whoever requested it is gone before it has begun, or the agent stops.
            running.fail(BenchraceError(Category.INTERRUPTED, f"{running.words} was interrupted"))
            self._operations.remove(running)
            raise
        self._idle.used([running.backend])
        if running.operation in _STARTING and (
            failure is None or failure.category not in _NO_ATTEMPT
        ):
            self.capabilities.note_start(running.backend, failure or running.unsuccessful())
        # Whoever learns of the end sees what it has changed: the probe comes first. What was lent
        # is as it was before.
        if running.operation is not Operation.LEND:
            with anyio.move_on_after(_MAX_LOOK_S):
                await self._look_again()
        if failure is None:
            running.end()
        else:
            running.fail(failure)

    @asynccontextmanager
    async def _place(self, running: RunningOperation) -> AsyncIterator[None]:
        """Avoid measurements: by holding the slot, or by yielding to them."""
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
        if running.operation is Operation.LEND:
            await self._lend(running, request)
            return
        setup = None
        if running.operation is Operation.SYNC:
            setup = await anyio.to_thread.run_sync(self._asset_setup)
        for model in running.models or (None,):
            running.about(model)
            order = OperateOrder(
                setup=self.capabilities.setup(frozenset({running.backend}), None),
                operation=running.operation,
                backend=running.backend,
                model=model,
                assets=request.assets,
                asset_setup=setup,
                write=request.write,
            )
            answer: Any = await ask(self._settings.worker_command, order, _LIMIT_S, running.record)
            running.add(answer)

    async def _lend(self, running: RunningOperation, request: OperationRequest) -> None:
        order = OperateOrder(
            setup=self.capabilities.setup(frozenset({running.backend}), None),
            operation=running.operation,
            backend=running.backend,
            lending=request.lending,
        )
        async with nullcontext() if self._awake is None else self._awake.during():
            await ask(
                self._settings.worker_command,
                order,
                math.inf,
                running.record,
                leave_s=LEAVE_S,
                pass_fds=self._slot.lock_fds,
            )

    async def _look_again(self) -> None:
        """What an engine has and whether it answers is new now."""
        try:
            await self.capabilities.refresh()
        except (BenchraceError, OSError):
            # A job came, or the probe failed: the next one tells.
            return
