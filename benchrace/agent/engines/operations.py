"""Operations on this machine's engines: the latest ones, and requests for more."""

from collections import deque

import anyio
import anyio.abc
import msgspec

from benchrace.agent.capabilities import CapabilityMonitor
from benchrace.agent.engines.assets import configured_assets
from benchrace.agent.engines.lending import end_unfollowed, with_host
from benchrace.agent.engines.operation import RunningOperation
from benchrace.agent.engines.operation_runner import OperationRunner
from benchrace.agent.engines.request_check import check_request
from benchrace.agent.jobs.slot import Busy, Slot
from benchrace.agent.settings import AgentSettings
from benchrace.errors import NotFound
from benchrace.notifier import Notifier
from benchrace.plugin.assets import Asset
from benchrace.plugin.lending import Lending
from benchrace.plugin.operations import Operation
from benchrace.protocol.operations import OperationRequest

_MAX_OPERATIONS = 50


class Operations:
    """`changed` notifies when any of them has something new. Await `run` beside all calls.

    `link_address` is this end of the link to central, None before the first one.
    """

    def __init__(
        self,
        *,
        settings: AgentSettings,
        capabilities: CapabilityMonitor,
        slot: Slot,
        changed: Notifier,
        runner: OperationRunner,
    ) -> None:
        self.link_address: str | None = None
        self._settings = settings
        self.capabilities = capabilities
        self._slot = slot
        self._runner = runner
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
            request = with_host(request, self._settings, self.link_address)
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

    async def _run(
        self,
        running: RunningOperation,
        request: OperationRequest,
        *,
        task_status: anyio.abc.TaskStatus[None],
    ) -> None:
        try:
            await self._runner.run(running, request, task_status=task_status)
        except BaseException:
            # Whoever requested it learns that it has not begun, or the agent stops.
            self._operations.remove(running)
            raise
