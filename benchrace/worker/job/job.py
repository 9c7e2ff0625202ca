"""A job from its order to its last event."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import anyio

import benchrace
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.events import JobDone, JobStart
from benchrace.events import payloads as p
from benchrace.garbage import collect_as_usual
from benchrace.protocol.agent_worker import JobOrder, Unwritten, WorkerExit
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.run.states import JobPhase
from benchrace.store.journal import Journal
from benchrace.worker.commands import Commands
from benchrace.worker.control_client import ControlClient
from benchrace.worker.job import terminal_events
from benchrace.worker.job.calls import Calls
from benchrace.worker.job.phases import Phases
from benchrace.worker.job.round import Rounds
from benchrace.worker.job.runner import Runner, RunnerDeps
from benchrace.worker.job.writer import Writer
from benchrace.worker.lanes.alarm import LoopTimer
from benchrace.worker.lanes.artifacts import Artifacts
from benchrace.worker.lanes.context import LaneContext
from benchrace.worker.lanes.settling import Settling
from benchrace.worker.lanes.throttle import Display, Flush
from benchrace.worker.loop_lag import LoopMonitor
from benchrace.worker.params import complete, convert
from benchrace.worker.plugin_errors import bug, foreseen
from benchrace.worker.registry import Registry
from benchrace.worker.stdio import Lines, ProtocolOut
from benchrace.worker.watchdog import SILENCE_S, Watchdog, stack_of_loop

JOURNAL = "work.ndjson"
_LOAD_S = 120.0
_ORPHAN_S = 4.0
_LAST_WORD_S = 2.0


def run_job(order: JobOrder, lines: Lines, output: ProtocolOut, clock: Clock) -> WorkerExit:
    """Run the job; its end is in the journal when this returns `DONE`."""
    try:
        with Journal(Path(order.folder) / JOURNAL) as journal:
            if journal.size:
                raise BenchraceError(Category.SYSTEM, f"{journal.path} holds another attempt")
            writer = Writer(journal, order.spec, clock=clock, t0_ns=order.t0_ns)
            return _Job(order, lines, output, clock, writer).run()
    except BenchraceError as error:
        sys.stderr.write(f"worker: the job cannot be recorded: {error}\n")
        return _unwritten(output, error)


class _Job:
    def __init__(
        self, order: JobOrder, lines: Lines, output: ProtocolOut, clock: Clock, writer: Writer
    ) -> None:
        self._order = order
        self._lines = lines
        self._clock = clock
        self._writer = writer
        self._commands = Commands()
        self._output = output
        self._phases = Phases(output)
        self._flush = Flush.from_environment()
        self._monitor = LoopMonitor(clock)
        self._watchdog = Watchdog(lambda: self._monitor.beats, self._silent)

    def run(self) -> WorkerExit:
        end = self._end()
        if self._writer.broken is not None:
            raise self._writer.broken
        self._writer.end(end.event, end.payload)
        self._watchdog.stop()
        return WorkerExit.DONE

    def _end(self) -> terminal_events.JobEnded:
        self._watchdog.start()
        disarm = self._watchdog.arm(_LOAD_S, self._hangs)
        registry = Registry(self._order.setup.plugins, self._order.setup.config)
        disarm()
        try:
            _start(self._order, registry, self._writer)
            return anyio.run(self._main, registry)
        except terminal_events.JobEnded as over:
            return over
        except BaseException as error:  # noqa: BLE001 - `sys.exit` in a task of a plugin ends here
            category = foreseen(error)
            return terminal_events.failed(
                bug(error, "the job") if category is None else category.failure()
            )

    async def _main(self, registry: Registry) -> terminal_events.JobEnded:
        collect_as_usual()
        self._monitor.start()
        client = ControlClient()
        contexts = self._contexts(client)
        end: terminal_events.JobEnded | None = None
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                self._listen(scope)
                group.start_soon(self._monitor.run)
                end = await self._through(self._runner(registry, contexts))
                await client.close()
                for context in contexts.values():
                    context.close()
                group.cancel_scope.cancel()
        return end or self._stopped()

    async def _through(self, runner: Runner) -> terminal_events.JobEnded | None:
        """Run the schedule and close; None where the agent ended it."""
        end: terminal_events.JobEnded | None = None
        try:
            await runner.run()
            end = runner.result()
        except terminal_events.JobEnded as over:
            end = None if self._commands.stopping else over
        except BenchraceError as error:
            end = terminal_events.failed(error.failure())
        finally:
            if self._commands.stopping:
                self._phases.now(JobPhase.CANCELLING)
            try:
                await runner.close_all()
            except terminal_events.JobEnded as over:
                if end is not None and end.event is JobDone:
                    end = over
        return end

    def _stopped(self) -> terminal_events.JobEnded:
        if self._commands.cancelled is not None:
            return terminal_events.cancelled(self._commands.cancelled)
        return terminal_events.agent_gone()

    def _listen(self, scope: anyio.CancelScope) -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(scope.cancel)

        self._writer.on_broken = stop
        self._commands.listen(self._lines, stop=scope.cancel, lost=self._orphaned)

    def _orphaned(self) -> None:
        self._watchdog.arm(_ORPHAN_S, lambda: self._give_up(terminal_events.agent_gone()))

    def _silent(self) -> None:
        message = f"the backend blocked its event loop for {SILENCE_S:g} s"
        self._give_up(terminal_events.broken(Category.PLUGIN_ERROR, message, stack_of_loop()))

    def _hangs(self) -> None:
        message = f"the plugins were not imported within {_LOAD_S:g} s"
        self._give_up(terminal_events.broken(Category.PLUGIN_ERROR, message, stack_of_loop()))

    def _give_up(self, over: terminal_events.JobEnded) -> None:
        """Write the end from outside of the loop, and end the process, whatever it is doing."""
        try:
            written = self._writer.end(over.event, over.payload, wait_s=_LAST_WORD_S)
        except BenchraceError as error:
            os._exit(_unwritten(self._output, error))
        os._exit(WorkerExit.DONE if written else WorkerExit.UNWRITABLE)

    def _contexts(self, client: ControlClient) -> dict[str, LaneContext]:
        artifacts = Artifacts(Path(self._order.folder) / "artifacts")
        display = Display(self._flush, LoopTimer(asyncio.get_running_loop()))
        contexts = {
            lane.lane_id: LaneContext(
                lane.lane_id,
                lane.backend,
                writer=self._writer,
                clock=self._clock,
                commands=self._commands,
                client=client,
                artifacts=artifacts,
                display=display,
            )
            for lane in self._order.spec.lanes
        }
        for context in contexts.values():
            context.gpus = self._order.setup.gpus
            context.agent_id = self._order.setup.agent_id
            context.asset_setup = self._order.asset_setup
        return contexts

    def _runner(self, registry: Registry, contexts: dict[str, LaneContext]) -> Runner:
        spec = self._order.spec
        calls = Calls(self._watchdog, self._give_up)
        rounds = Rounds(
            spec, writer=self._writer, clock=self._clock, calls=calls, monitor=self._monitor
        )
        deps = RunnerDeps(
            registry=registry,
            contexts=contexts,
            commands=self._commands,
            phases=self._phases,
            calls=calls,
            rounds=rounds,
            settling=Settling(self._order.unsettled, registry, calls),
            writer=self._writer,
            clock=self._clock,
        )
        return Runner(spec, deps)


def _start(order: JobOrder, registry: Registry, writer: Writer) -> None:
    spec = order.spec
    writer.emit(
        JobStart,
        p.JobStartPayload(
            kind=spec.kind,
            lanes=tuple(
                p.LaneStart(
                    lane_id=lane.lane_id,
                    label=lane.label,
                    backend=lane.backend,
                    params=_complete(lane, spec, registry),
                )
                for lane in spec.lanes
            ),
            planned_rounds=len(spec.schedule),
            monotonic_ns=order.t0_ns,
            boot_id=order.boot_id,
            simulated=order.setup.simulated,
            pid=os.getpid(),
            version=benchrace.__version__,
        ),
    )


def _complete(lane: JobLane, spec: JobSpec, registry: Registry) -> dict[str, Any]:
    """Return a lane's parameters with their defaults; unchanged where opening will reject them."""
    try:
        params, _ = convert(lane.params, registry.workload(lane.backend, spec.kind))
    except BenchraceError:
        return lane.params
    return lane.params if params is None else complete(params)


def _unwritten(output: ProtocolOut, error: BenchraceError) -> WorkerExit:
    output.say(Unwritten(failure=error.failure()))
    return WorkerExit.UNWRITABLE
