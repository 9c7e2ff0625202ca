"""Run one operation: in its turn with measurements, in a worker, and what follows from its end."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import anyio
import anyio.abc

from benchrace.agent.capabilities import CapabilityMonitor
from benchrace.agent.engines.idle import IdleClock
from benchrace.agent.engines.operation import RunningOperation
from benchrace.agent.jobs.keep_awake import KeepAwake
from benchrace.agent.jobs.slot import Busy, Slot
from benchrace.agent.one_shot import ask
from benchrace.agent.settings import AgentSettings
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.operations import Operation
from benchrace.protocol.agent_worker import LEAVE_S, OperateOrder
from benchrace.protocol.assets import AssetSetup
from benchrace.protocol.operations import OperationRequest

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


class OperationRunner:
    """Runs operations, each in workers of its own, never while something is measured."""

    def __init__(
        self,
        *,
        settings: AgentSettings,
        capabilities: CapabilityMonitor,
        slot: Slot,
        idle: IdleClock,
        asset_setup: Callable[[], AssetSetup],
        awake: KeepAwake | None = None,
    ) -> None:
        self._settings = settings
        self._capabilities = capabilities
        self._slot = slot
        self._idle = idle
        self._asset_setup = asset_setup
        self._awake = awake

    async def run(
        self,
        running: RunningOperation,
        request: OperationRequest,
        *,
        task_status: anyio.abc.TaskStatus[None],
    ) -> None:
        """Run an operation to its end; raises what kept it from beginning."""
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
            raise
        except BenchraceError as error:
            failure = error
        except OSError as error:
            failure = BenchraceError(Category.SYSTEM, f"no worker can be started: {error}")
        except BaseException:
            # Whoever requested it is gone before it has begun, or the agent stops.
            running.fail(BenchraceError(Category.INTERRUPTED, f"{running.words} was interrupted"))
            raise
        self._idle.used([running.backend])
        if running.operation in _STARTING and (
            failure is None or failure.category not in _NO_ATTEMPT
        ):
            self._capabilities.note_start(running.backend, failure or running.unsuccessful())
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
                setup=self._capabilities.setup(frozenset({running.backend}), None),
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
            setup=self._capabilities.setup(frozenset({running.backend}), None),
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
            await self._capabilities.refresh()
        except (BenchraceError, OSError):
            # A job came, or the probe failed: the next one tells.
            return
