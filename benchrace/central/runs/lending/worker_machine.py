"""One machine that is lent to one lane of another: started, followed, and given back."""

from collections.abc import Sequence

import anyio
import msgspec

from benchrace.central.fleet.engines import Engines
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.job import WORKER
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import REMEDY, BenchraceError, Category, Failure, NotFound
from benchrace.events.payloads import LogPayload
from benchrace.formatting import duration
from benchrace.plugin.lending import Lending, Lent, Peer
from benchrace.plugin.operations import Operation
from benchrace.protocol.operations import (
    FollowAsk,
    OperationRequest,
    OperationState,
    OperationStatus,
)
from benchrace.run.lane import RunLane

_TURN_S = 10.0
_LATER = frozenset({Category.BUSY, Category.UNREACHABLE, Category.TIMEOUT_FIRST})


class WorkerMachine:
    """`peer` is set once the machine is lent, `failure` where it is not, or no longer.

    `failed_ns` is when that happened.
    """

    def __init__(
        self,
        run: LiveRun,
        lane: RunLane,
        machine_id: str,
        fleet: Fleet,
        engines: Engines,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self.lane = lane
        self.machine_id = machine_id
        self.peer: Peer | None = None
        self.failure: Failure | None = None
        self.failed_ns = 0
        self._run = run
        self._fleet = fleet
        self._engines = engines
        self._limits = limits
        self._clock = clock
        self._operation_id: str | None = None

    @property
    def _label(self) -> str:
        machine = self._fleet.find(self.machine_id)
        return self.machine_id if machine is None else machine.label

    async def hold(self) -> None:
        """Keep the machine lent until cancelled; a failure is noted, and ends this."""
        self._run.lending.add(self.machine_id)
        try:
            await self._follow(await self._start())
        except BenchraceError as error:
            self._fail(error)

    async def give_back(self) -> None:
        """End what is lent, and wait until the machine is free, as far as it can be reached."""
        try:
            if self._operation_id is not None:
                ask = FollowAsk(operation_id=self._operation_id, cancel=True)
                status = await self._engines.follow(self.machine_id, ask)
                if status.failure and status.failure.category is not Category.CANCELLED:
                    self._warn_of_release(BenchraceError.of(status.failure))
        except BenchraceError as error:
            # Its agent is gone, or its link: the lease ends it.
            self._warn_of_release(error)
        finally:
            self._run.lending.discard(self.machine_id)
            self._run.changed.notify()

    def compare(self, before: Sequence[Peer]) -> None:
        """Fail where the job was sent with something else than what is lent now."""
        peer = self.peer
        if peer is not None and _unnamed(peer) not in map(_unnamed, before):
            self._fail(
                BenchraceError(
                    Category.INTERRUPTED,
                    "it was started again while central was away",
                    REMEDY[Category.INTERRUPTED],
                )
            )

    async def _start(self) -> OperationStatus:
        """Start it, or find the one that runs; a machine that is busy or away is waited for."""
        lending = Lending(run_id=self._run.run_id, lane_id=self.lane.lane_id)
        deadline_ns = self._clock.monotonic_ns() + int(self._limits.arrival_s * 1e9)
        while True:
            try:
                request = OperationRequest(
                    lending=lending,
                    coordinator=self._coordinator(),
                    elsewhere=self._is_elsewhere(),
                )
                # Only the answer says how it can be ended: it is waited for, also when cancelled.
                with anyio.CancelScope(shield=True):
                    status = await self._engines.operate(
                        self.machine_id, self.lane.backend, Operation.LEND, request
                    )
            except BenchraceError as error:
                is_late = self._clock.monotonic_ns() >= deadline_ns
                if error.category not in _LATER or is_late:
                    raise
            else:
                self._operation_id = status.operation_id
                return status
            await anyio.sleep(self._limits.retry_s)

    def _coordinator(self) -> str | None:
        """Return the IP address of the lane's own machine; raises `unreachable` without a link."""
        machine = self._fleet.find(self.lane.machine_id)
        if machine is None or machine.session is None:
            raise BenchraceError(
                Category.UNREACHABLE,
                f"its coordinator {self.lane.machine_id} is not linked",
                "Start its agent, or wait until it reconnects.",
            )
        return machine.peer_address

    async def _follow(self, status: OperationStatus) -> None:
        """Follow it, which keeps it lent; raises why it has ended."""
        began_ns = heard_ns = self._clock.monotonic_ns()
        while status.state is OperationState.RUNNING:
            if status.lent is not None and self.peer is None:
                self._note(status.lent)
            waited_ns = self._clock.monotonic_ns() - began_ns
            if self.peer is None and waited_ns >= self._limits.lend_s * 1e9:
                raise BenchraceError(
                    Category.TIMEOUT_CONNECT,
                    f"it is not listening after {duration(waited_ns)}",
                    "Check the log of its agent.",
                )
            ask = FollowAsk(operation_id=status.operation_id, since=status.next, wait_s=_TURN_S)
            try:
                status = await self._engines.follow(self.machine_id, ask)
                heard_ns = self._clock.monotonic_ns()
            except NotFound as error:
                self._operation_id = None
                raise BenchraceError(
                    Category.INTERRUPTED,
                    "its agent was restarted",
                    "Start the run again, and check that agent's log.",
                ) from error
            except BenchraceError as error:
                silent_ns = self._clock.monotonic_ns() - heard_ns
                if silent_ns >= self._limits.patience_s * 1e9:
                    raise BenchraceError(
                        Category.INTERRUPTED,
                        f"no message from it for {duration(silent_ns)}",
                        "Check its agent and its network, and start the run again.",
                    ) from error
                await anyio.sleep(self._limits.retry_s)
        self._operation_id = None
        if status.failure is not None:
            raise BenchraceError.of(status.failure)
        raise BenchraceError(Category.ENDED_EARLY, "it ended by itself")

    def _note(self, lent: Lent) -> None:
        fields = msgspec.structs.asdict(lent)
        self.peer = Peer(**fields, machine_id=self.machine_id, label=self._label)
        self._run.changed.notify()

    def _is_elsewhere(self) -> bool:
        """Check whether it is another computer than the lane's own machine, as far as is known."""
        ids = {
            machine.host_id
            for name in (self.machine_id, self.lane.machine_id)
            if (machine := self._fleet.find(name)) is not None and machine.host_id
        }
        return len(ids) > 1

    def _warn_of_release(self, error: BenchraceError) -> None:
        """Warn in the run's log that the machine may be busy for a while; its lane is over."""
        message = f'{self._label} was not released from the lane "{self.lane.label}"'
        payload = LogPayload(
            level="warning", message=f"{message}: {error.message}", source=self.lane.backend
        )
        self._run.emit(payload, self.lane.lane_id)

    def _fail(self, error: BenchraceError) -> None:
        """Note the failure; in mid-run also in the log, so that a failed round says why."""
        if self.failure is not None:
            return
        what = "did not start" if self.peer is None else "stopped"
        self.failure = Failure(
            category=error.category,
            message=f'{WORKER}{self._label} of lane "{self.lane.label}" {what}: {error.message}',
            remedy=error.remedy,
            detail=error.detail,
        )
        self.failed_ns = self._clock.monotonic_ns()
        self._run.lost.setdefault(self.lane.lane_id, self.failure)
        if self.peer is not None:
            message, source = self.failure.message, self.lane.backend
            warning = LogPayload(level="warning", message=message, source=source)
            self._run.emit(warning, self.lane.lane_id)
        self._run.changed.notify()


def _unnamed(peer: Peer) -> Peer:
    """Return a peer without its label, which people may change meanwhile."""
    return msgspec.structs.replace(peer, label="")
