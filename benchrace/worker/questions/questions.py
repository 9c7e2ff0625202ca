"""Questions to plugins: describe, configure, probe, preflight, calibrate, derive, operate."""

import faulthandler
import os
from typing import Any, assert_never

import anyio

from benchrace.clock import SystemClock
from benchrace.errors import BenchraceError, Category
from benchrace.garbage import collect_as_usual
from benchrace.plugin.host.describe import describe
from benchrace.protocol.agent_worker import (
    CalibrateOrder,
    ConfigureOrder,
    DeriveOrder,
    DescribeOrder,
    OperateOrder,
    PreflightOrder,
    ProbeOrder,
    Reply,
    WorkerExit,
)
from benchrace.protocol.capabilities import PreflightAnswer
from benchrace.worker.control_client import ControlClient
from benchrace.worker.loop_lag import LoopMonitor
from benchrace.worker.plugin_errors import failure_of
from benchrace.worker.questions.calibrate import calibrate_lanes
from benchrace.worker.questions.configure import configure_all
from benchrace.worker.questions.derive import derive_rounds
from benchrace.worker.questions.lend import Control
from benchrace.worker.questions.operate import OperationContext, operate
from benchrace.worker.questions.preflight import preflight_lanes
from benchrace.worker.questions.probe import probe_backends
from benchrace.worker.questions.question_context import QuestionContext
from benchrace.worker.registry import Registry
from benchrace.worker.stdio import Lines, ProtocolOut
from benchrace.worker.watchdog import SILENCE_S, Watchdog, stack_of_loop

ToBackends = (
    ConfigureOrder | ProbeOrder | PreflightOrder | CalibrateOrder | DeriveOrder | OperateOrder
)
Question = DescribeOrder | ToBackends
_STACK_AT = 0.5


def answer(order: Question, lines: Lines, output: ProtocolOut) -> WorkerExit:
    """Send one `Reply`, whatever the plugins do; only a lend reads more input than its order."""
    if isinstance(order, DescribeOrder):
        if len(order.setup.plugins) != 1:
            return WorkerExit.BAD_ORDER
        # Where a plugin hangs is on standard error before the agent kills this process.
        faulthandler.dump_traceback_later(order.limit_s * _STACK_AT)
        described = describe(order.setup.plugins[0])
        faulthandler.cancel_dump_traceback_later()
        output.say(Reply(result=described))
        return WorkerExit.DONE
    try:
        result = _result(order, lines, output)
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, also `sys.exit`
        output.say(Reply(failure=failure_of(error, "the question")))
    else:
        output.say(Reply(result=result))
    return WorkerExit.DONE


def _result(order: ToBackends, lines: Lines, output: ProtocolOut) -> Any:
    monitor = LoopMonitor(SystemClock())

    def silent() -> None:
        error = BenchraceError(
            Category.PLUGIN_ERROR,
            f"a backend blocked its event loop for {SILENCE_S:g} s",
            detail=stack_of_loop(),
        )
        output.say(Reply(failure=error.failure()))
        os._exit(WorkerExit.DONE)

    watchdog = Watchdog(lambda: monitor.beats, silent)
    watchdog.start()
    registry = Registry(order.setup.plugins, order.setup.config)
    try:
        return anyio.run(_main, order, registry, monitor, Control(lines, output, watchdog))
    finally:
        watchdog.stop()


async def _main(
    order: ToBackends, registry: Registry, monitor: LoopMonitor, control: Control
) -> Any:
    collect_as_usual()
    monitor.start()
    client = ControlClient()
    if isinstance(order, OperateOrder):
        context: QuestionContext = OperationContext(
            SystemClock(), client, control.output, order.setup.gpus
        )
    else:
        context = QuestionContext(SystemClock(), client, order.setup.gpus)
    context.agent_id = order.setup.agent_id
    if isinstance(order, OperateOrder | PreflightOrder):
        context.asset_setup = order.asset_setup
    async with anyio.create_task_group() as group:
        group.start_soon(monitor.run)
        match order:
            case ConfigureOrder():
                result: Any = await configure_all(registry)
            case ProbeOrder():
                result = await probe_backends(registry.backends, registry, context)
            case PreflightOrder():
                result = PreflightAnswer(
                    lanes=await preflight_lanes(order, registry, context),
                    probes=await probe_backends(order.probe, registry, context),
                )
            case CalibrateOrder():
                result = await calibrate_lanes(order, registry, context)
            case DeriveOrder():
                result = derive_rounds(order, registry)
            case OperateOrder():
                result = await operate(order, registry, context, control)
            case _:
                assert_never(order)
        context.show_all()
        await client.close()
        context.stream.close()
        group.cancel_scope.cancel()
    return result
