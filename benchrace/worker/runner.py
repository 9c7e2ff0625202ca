"""Take a job through its schedule: open, warm up, race, close."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio

from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Failure, InvalidInput
from benchrace.events import JobTimeout, LaneError, Level, Log, Reason
from benchrace.events import payloads as p
from benchrace.plugin import Backend, Category, Lane
from benchrace.run.job import JobSpec, Slot
from benchrace.run.spec import Order
from benchrace.run.states import JobPhase
from benchrace.worker import ending
from benchrace.worker.call import Calls
from benchrace.worker.commands import Commands
from benchrace.worker.context import LaneContext
from benchrace.worker.flat import flat_metrics
from benchrace.worker.lane import JobLaneState, LaneState, Racer
from benchrace.worker.params import convert
from benchrace.worker.phases import Phases
from benchrace.worker.registry import Registry
from benchrace.worker.residency import Residency
from benchrace.worker.round import Rounds
from benchrace.worker.start_line import wait_until
from benchrace.worker.syncing import Syncing
from benchrace.worker.writer import Writer

_IN_ROW = 3
_CLOSE_S = 10.0
_CLOSE_STOPPED_S = 1.5


@dataclass(frozen=True, kw_only=True)
class Gear:
    """What a runner works with; all of it belongs to one job."""

    registry: Registry
    contexts: dict[str, LaneContext]
    commands: Commands
    phases: Phases
    calls: Calls
    rounds: Rounds
    writer: Writer
    clock: Clock


class Runner:
    """Runs one job's schedule once; emits everything but the job's start and end."""

    def __init__(self, spec: JobSpec, gear: Gear) -> None:
        self._spec = spec
        self._gear = gear
        self._syncing = Syncing(gear.writer, gear.clock)
        self._backends: dict[str, Backend] = {}
        self._residency = Residency(spec, gear.calls, gear.clock)
        self._lanes = {lane.lane_id: JobLaneState(lane) for lane in spec.lanes}

    async def run(self) -> None:
        """Do the whole schedule; raises `Over` where the job ends before that."""
        if self._spec.order is not Order.CONTIGUOUS:
            for lane in self._lanes.values():
                await self._open(lane)
        left = Counter(slot.lane_id for slot in self._spec.schedule)
        counted: Counter[str] = Counter()
        for slot in self._spec.schedule:
            lane = self._lanes[slot.lane_id]
            await self._slot(lane, slot, counted[slot.lane_id])
            counted[slot.lane_id] += not slot.warmup
            left[slot.lane_id] -= 1
            if not left[slot.lane_id] and self._spec.order is Order.CONTIGUOUS:
                await self._close(lane, _CLOSE_S)

    def result(self) -> ending.Over:
        """Say how the job ended after its whole schedule."""
        results = {lane_id: lane.counted for lane_id, lane in self._lanes.items()}
        failures = [failure for lane in self._lanes.values() for failure in lane.failures]
        if failures and not any(results.values()):
            return ending.failed(failures[0])
        return ending.done(flat_metrics(results))

    async def close_all(self) -> None:
        """Close what is still open; bounded, and not stopped by the cancel that may lead here."""
        limit_s = _CLOSE_STOPPED_S if self._gear.commands.stopping else _CLOSE_S
        with anyio.CancelScope(shield=True):
            for lane in self._lanes.values():
                await self._close(lane, limit_s)
            if not self._gear.commands.stopping:
                context = self._gear.contexts[self._spec.lanes[0].lane_id]
                await self._residency.after(self._backends, context)

    async def _slot(self, lane: JobLaneState, slot: Slot, counted: int) -> None:
        if self._gear.commands.left_out(slot, counted):
            return
        if lane.state is LaneState.WAITING:
            await self._open(lane)
        if lane.state is not LaneState.OPEN or lane.racer is None:
            return
        armed_ns = await self._phase(slot)
        done = await self._gear.rounds.play(lane.racer, slot, armed_ns)
        self._take(lane, done)
        if lane.in_row >= _IN_ROW:
            # The first of them is the cause: an engine that broke off is then only unreachable.
            await self._give_up(lane, lane.failures[-_IN_ROW])
        await self._syncing.between_rounds()

    async def _phase(self, slot: Slot) -> int | None:
        if slot.warmup:
            self._gear.phases.now(JobPhase.OPENING)
            return None
        if not slot.armed or slot.heat is None:
            self._gear.phases.now(JobPhase.RUNNING)
            return None
        self._gear.phases.now(JobPhase.READY, slot.heat)
        at_ns = await self._gear.commands.go(slot.heat)
        self._gear.phases.now(JobPhase.RUNNING)
        await wait_until(at_ns, self._gear.clock)
        return at_ns

    async def _open(self, lane: JobLaneState) -> None:
        self._gear.phases.now(JobPhase.OPENING)
        doing, limit_s = f"opening {lane.spec.label}", self._spec.timeout_s
        call = self._gear.calls.call
        try:
            racer = await call(doing, lambda: self._racer(lane), limit_s)
            racer = await self._alone(racer)
            lane.racer, lane.state = racer, LaneState.OPEN
            await call(doing, lambda: racer.backend.open(racer.lane, racer.context), limit_s)
            racer.context.show_all()
        except BenchraceError as error:
            await self._give_up(lane, error.failure())

    async def _alone(self, racer: Racer) -> Racer:
        if not self._residency.asked(racer.workload):
            return racer
        # An engine that no lane has used yet may hold a model all the same.
        for name in dict.fromkeys(each.backend for each in self._spec.lanes):
            await self._known(name)
        company = await self._residency.clear(racer.lane, self._backends, racer.context)
        return replace(racer, company=company)

    async def _known(self, name: str) -> None:
        """Make a backend ahead of its lane, which itself says what is wrong with it."""

        async def make() -> None:
            self._made(name)

        try:
            await self._gear.calls.call(f"making backend {name}", make, _CLOSE_S)
        except BenchraceError:
            return

    async def _racer(self, lane: JobLaneState) -> Racer:
        spec = lane.spec
        workload = self._gear.registry.workload(spec.backend, self._spec.kind)
        backend = self._made(spec.backend)
        params, fields = convert(spec.params, workload)
        if params is None:
            raise InvalidInput(fields)
        made = Lane(lane_id=spec.lane_id, label=spec.label, kind=self._spec.kind, params=params)
        return Racer(backend, workload, made, self._gear.contexts[spec.lane_id])

    def _made(self, name: str) -> Backend:
        if name not in self._backends:
            self._backends[name] = self._gear.registry.make(name)
        return self._backends[name]

    def _take(self, lane: JobLaneState, done: p.RoundDonePayload) -> None:
        if done.verdict.level is not Level.INVALID:
            lane.in_row = 0
            if not done.warmup:
                lane.counted.append(done)
            return
        lane.in_row = lane.in_row + 1 if done.error is not None else 0
        lane.failures.append(done.error or _marked(done.verdict.reasons).failure())

    async def _give_up(self, lane: JobLaneState, failure: Failure) -> None:
        self._gear.writer.check()
        lane.failures.append(failure)
        self._gear.writer.emit(
            LaneError, p.LaneErrorPayload(error=failure), lane_id=lane.spec.lane_id
        )
        await self._close(lane, _CLOSE_S)
        lane.state = LaneState.OVER

    async def _close(self, lane: JobLaneState, limit_s: float) -> None:
        if lane.state is not LaneState.OPEN or lane.racer is None:
            return
        lane.state = LaneState.OVER
        racer = lane.racer
        try:
            await self._gear.calls.call(
                f"closing {lane.spec.label}",
                lambda: racer.backend.close(racer.lane, racer.context),
                limit_s,
            )
            racer.context.show_all()
        except ending.Over as over:
            if over.event is not JobTimeout:
                raise
            self._complain(lane, f"closing took longer than {limit_s:g} s and was given up")
        except BenchraceError as error:
            self._complain(lane, error.message)

    def _complain(self, lane: JobLaneState, message: str) -> None:
        self._gear.writer.check()
        said = p.LogPayload(level="error", message=message, source=lane.spec.backend)
        self._gear.writer.emit(Log, said, lane_id=lane.spec.lane_id)


def _marked(reasons: Sequence[Reason]) -> BenchraceError:
    """Name all of them: which one made the round INVALID is not told apart from the doubts."""
    told = "; ".join(f"{reason.code}: {reason.text}" for reason in reasons)
    remedy = None
    if all(reason.code != Category.BAD_OUTPUT for reason in reasons):
        remedy = "Such a round does not count: remove what it is marked for, and run it again."
    return BenchraceError(Category.BAD_OUTPUT, told, remedy)
