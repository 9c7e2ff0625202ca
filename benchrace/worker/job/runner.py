"""Run a job's schedule: open, warm up, race, close."""

import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio

from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Failure, InvalidInput
from benchrace.events import JobTimeout, LaneError, Level, Log, Reason
from benchrace.events import payloads as p
from benchrace.plugin import Backend, Category, Lane
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.spec import Order
from benchrace.run.states import JobPhase
from benchrace.worker.commands import Commands
from benchrace.worker.job import terminal_events
from benchrace.worker.job.calls import Calls
from benchrace.worker.job.flat import flat_metrics
from benchrace.worker.job.phases import Phases
from benchrace.worker.job.round import Rounds
from benchrace.worker.job.start_line import wait_until
from benchrace.worker.job.sync_policy import Syncing
from benchrace.worker.job.writer import Writer
from benchrace.worker.lanes.context import LaneContext
from benchrace.worker.lanes.lane import JobLaneState, LaneState, OpenLane
from benchrace.worker.lanes.marks import SIMULATED
from benchrace.worker.lanes.reopening import Reopening, is_away
from benchrace.worker.lanes.residency import Residency
from benchrace.worker.lanes.settling import Settling
from benchrace.worker.params import convert
from benchrace.worker.readiness import require_ready
from benchrace.worker.registry import Registry

_IN_ROW = 3
_CLOSE_S = 10.0
_CLOSE_STOPPED_S = 1.5


@dataclass(frozen=True, kw_only=True)
class RunnerDeps:
    """What a runner works with; all of it belongs to one job."""

    registry: Registry
    contexts: dict[str, LaneContext]
    commands: Commands
    phases: Phases
    calls: Calls
    rounds: Rounds
    settling: Settling
    writer: Writer
    clock: Clock


class Runner:
    """Runs one job's schedule once; emits everything but the job's start and end."""

    def __init__(self, spec: JobSpec, deps: RunnerDeps) -> None:
        self._spec = spec
        self._deps = deps
        self._syncing = Syncing(deps.writer, deps.clock)
        self._backends: dict[str, Backend] = {}
        self._residency = Residency(spec, deps.calls, deps.clock)
        self._reopening = Reopening()
        self._lanes = {lane.lane_id: _planned(lane, spec.schedule) for lane in spec.lanes}

    async def run(self) -> None:
        """Run the whole schedule; raises `JobEnded` where the job ends before that."""
        if self._spec.order is not Order.CONTIGUOUS:
            for lane in self._lanes.values():
                await self._open(lane)
        counted: Counter[str] = Counter()
        for slot in self._spec.schedule:
            lane = self._lanes[slot.lane_id]
            lane.left -= 1
            await self._slot(lane, slot, counted[slot.lane_id])
            counted[slot.lane_id] += not slot.warmup
            if not lane.left and self._spec.order is Order.CONTIGUOUS:
                await self._close(lane, _CLOSE_S)

    def result(self) -> terminal_events.JobEnded:
        """Return how the job ended after its whole schedule."""
        results = {lane_id: lane.counted for lane_id, lane in self._lanes.items()}
        mocks = {
            lane_id: lane.simulated
            for lane_id, lane in self._lanes.items()
            if lane.simulated is not None
        }
        failures = [failure for lane in self._lanes.values() for failure in lane.failures]
        if failures and not any(results.values()):
            return terminal_events.failed(failures[0])
        unsettled = [lane_id for lane_id, lane in self._lanes.items() if lane.unsettled]
        return terminal_events.done(flat_metrics(results, mocks), unsettled)

    async def close_all(self) -> None:
        """Close what is still open; bounded, and not stopped by the cancel that may lead here."""
        limit_s = _CLOSE_STOPPED_S if self._deps.commands.stopping else _CLOSE_S
        with anyio.CancelScope(shield=True):
            for lane in self._lanes.values():
                await self._close(lane, limit_s)
            if not self._deps.commands.stopping:
                context = self._deps.contexts[self._spec.lanes[0].lane_id]
                await self._residency.after(self._backends, context)

    async def _slot(self, lane: JobLaneState, slot: Slot, counted: int) -> None:
        if self._deps.commands.left_out(slot, counted):
            return
        if lane.state is LaneState.WAITING:
            await self._open(lane)
        if lane.stale:
            await self._reopen(lane)
        lane.warmups += slot.warmup
        done = await self._play(lane, slot, counted)
        if done is None or not lane.left or lane.state is not LaneState.OPEN:
            return
        if is_away(done.error):
            for other in self._lanes.values():
                # They may share the engine, and then their models are gone as well.
                other.stale = other.state is LaneState.OPEN
            await self._reopen(lane)

    async def _play(
        self, lane: JobLaneState, slot: Slot, counted: int = 0
    ) -> p.RoundDonePayload | None:
        """Play one round; None where the lane is not open, or while waiting loses the round.

        Three failures in a row end the lane.
        """
        if lane.state is not LaneState.OPEN or lane.open_lane is None:
            return None
        armed_ns = await self._phase(lane, slot, counted)
        if slot.armed and armed_ns is None:
            return None
        done = await self._deps.rounds.play(lane.open_lane, slot, armed_ns)
        self._take(lane, done)
        if lane.in_row >= _IN_ROW:
            # The first of them is the cause: an engine that broke off is then only unreachable.
            await self._give_up(lane, lane.failures[-_IN_ROW])
        await self._syncing.between_rounds()
        return done

    async def _phase(self, lane: JobLaneState, slot: Slot, counted: int) -> int | None:
        if slot.warmup:
            self._deps.phases.now(JobPhase.OPENING, lane_id=slot.lane_id)
            return None
        if not slot.armed or slot.heat is None:
            self._deps.phases.now(JobPhase.RUNNING)
            return None
        self._deps.phases.now(JobPhase.READY, slot.heat)
        # Machines that generate load together end with the same round: what the others do not begin
        # is left out even while it is waited for.
        shared = lane.spec.part is not None
        at_ns = await self._deps.commands.go(
            slot.heat, lambda: shared and self._deps.commands.left_out(slot, counted)
        )
        if at_ns is None:
            return None
        self._deps.phases.now(JobPhase.RUNNING)
        await wait_until(at_ns, self._deps.clock)
        return at_ns

    async def _open(self, lane: JobLaneState) -> None:
        self._deps.phases.now(JobPhase.OPENING, lane_id=lane.spec.lane_id)
        failure = None
        try:
            await self._attempt(lane)
        except BenchraceError as error:
            failure = error.failure()
        if failure is not None:
            await self._give_up(lane, failure)

    async def _attempt(self, lane: JobLaneState) -> None:
        doing, limit_s = f"opening {lane.spec.label}", self._spec.timeout_s
        call = self._deps.calls.call
        await self._close(lane, _CLOSE_S)
        open_lane = await call(doing, lambda: self._open_lane(lane), limit_s)
        open_lane = replace(open_lane, busy=await self._deps.settling.run(open_lane.context))
        open_lane = await self._alone(open_lane, limit_s)
        lane.open_lane, lane.state = open_lane, LaneState.OPEN
        await call(
            doing, lambda: open_lane.backend.open(open_lane.lane, open_lane.context), limit_s
        )
        open_lane.context.show_all()

    async def _reopen(self, lane: JobLaneState) -> None:
        """Open a lane again, with as many warm-ups as it has had; give it up where that fails."""
        lane.stale = False
        self._deps.phases.now(JobPhase.OPENING, lane_id=lane.spec.lane_id)
        context = self._deps.contexts[lane.spec.lane_id]
        failure = await self._reopening.run(lane, lambda: self._attempt(lane), context)
        if failure is not None:
            await self._give_up(lane, failure)
            return
        for _ in range(lane.warmups):
            slot = Slot(lane_id=lane.spec.lane_id, round=lane.number, warmup=True)
            lane.number += 1
            await self._play(lane, slot)

    async def _alone(self, open_lane: OpenLane, limit_s: float) -> OpenLane:
        if not self._residency.applies(open_lane.workload):
            return open_lane
        # Unloading takes a minute where an engine is busy: what can be refused is refused before.
        await self._deps.calls.call(
            f"checking {open_lane.lane.label}",
            lambda: require_ready(open_lane.backend, open_lane.lane, open_lane.context),
            limit_s,
        )
        # An engine that no lane has used yet may hold a model all the same.
        for name in dict.fromkeys(lane.backend for lane in self._spec.lanes):
            await self._prepare_backend(name)
        company = await self._residency.clear(open_lane.lane, self._backends, open_lane.context)
        return replace(open_lane, company=company)

    async def _prepare_backend(self, name: str) -> None:
        """Create a backend ahead of its lane, which itself reports what is wrong with it."""

        async def make() -> None:
            self._backend(name)

        try:
            await self._deps.calls.call(f"creating backend {name}", make, _CLOSE_S)
        except BenchraceError:
            return

    async def _open_lane(self, lane: JobLaneState) -> OpenLane:
        spec = lane.spec
        workload = self._deps.registry.workload(spec.backend, self._spec.kind)
        backend = self._backend(spec.backend)
        params, fields = convert(spec.params, workload)
        if params is None:
            raise InvalidInput(fields)
        described = Lane(
            lane_id=spec.lane_id,
            label=spec.label,
            kind=self._spec.kind,
            params=params,
            peers=spec.peers,
            part=spec.part,
        )
        return OpenLane(backend, workload, described, self._deps.contexts[spec.lane_id])

    def _backend(self, name: str) -> Backend:
        if name not in self._backends:
            self._backends[name] = self._deps.registry.make(name)
        return self._backends[name]

    def _take(self, lane: JobLaneState, done: p.RoundDonePayload) -> None:
        lane.unsettled = done.error is not None
        if done.verdict.level is not Level.INVALID:
            lane.in_row = 0
            if not done.warmup:
                lane.counted.append(done)
            return
        lane.in_row = lane.in_row + 1 if done.error is not None else 0
        if any(reason.code == SIMULATED for reason in done.verdict.reasons):
            # The lane requested a mock in place of a missing engine: the job has not failed.
            lane.simulated = done
            return
        lane.failures.append(done.error or _marked(done.verdict.reasons).failure())

    async def _give_up(self, lane: JobLaneState, failure: Failure) -> None:
        self._deps.writer.check()
        lane.failures.append(failure)
        lane.unsettled = True
        self._deps.contexts[lane.spec.lane_id].show_all()
        self._deps.writer.emit(
            LaneError, p.LaneErrorPayload(error=failure), lane_id=lane.spec.lane_id
        )
        await self._close(lane, _CLOSE_S)
        lane.state = LaneState.OVER
        # What failed may be part of a reference cycle, and hold a model's memory.
        gc.collect()

    async def _close(self, lane: JobLaneState, limit_s: float) -> None:
        if lane.state is not LaneState.OPEN or lane.open_lane is None:
            return
        lane.state = LaneState.OVER
        open_lane = lane.open_lane
        try:
            await self._deps.calls.call(
                f"closing {lane.spec.label}",
                lambda: open_lane.backend.close(open_lane.lane, open_lane.context),
                limit_s,
            )
            open_lane.context.show_all()
        except terminal_events.JobEnded as over:
            if over.event is not JobTimeout:
                raise
            self._complain(lane, f"closing took longer than {limit_s:g} s and was abandoned")
        except BenchraceError as error:
            self._complain(lane, error.message)

    def _complain(self, lane: JobLaneState, message: str) -> None:
        self._deps.writer.check()
        self._deps.contexts[lane.spec.lane_id].show_all()
        payload = p.LogPayload(level="error", message=message, source=lane.spec.backend)
        self._deps.writer.emit(Log, payload, lane_id=lane.spec.lane_id)


def _planned(lane: JobLane, schedule: Sequence[Slot]) -> JobLaneState:
    own = [slot.round for slot in schedule if slot.lane_id == lane.lane_id]
    return JobLaneState(lane, left=len(own), number=max(own, default=-1) + 1)


def _marked(reasons: Sequence[Reason]) -> BenchraceError:
    """List all reasons: which one made the round INVALID is not told apart from the doubts."""
    reasons_text = "; ".join(f"{reason.code}: {reason.text}" for reason in reasons)
    remedy = None
    if all(reason.code != Category.BAD_OUTPUT for reason in reasons):
        remedy = "Such a round does not count: fix the cause that it names, then run it again."
    return BenchraceError(Category.BAD_OUTPUT, reasons_text, remedy)
