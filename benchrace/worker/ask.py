"""Questions to plugins: what they are, what they have, whether they can start, what "auto" is."""

import os
from typing import Any, assert_never

import anyio

from benchrace.clock import SystemClock
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.describe import describe
from benchrace.run.control import (
    CalibrateOrder,
    DeriveOrder,
    DescribeOrder,
    OperateOrder,
    PreflightOrder,
    ProbeOrder,
    Reply,
    WorkerExit,
)
from benchrace.worker.calibrate import calibrate_lanes
from benchrace.worker.control_client import ControlClient
from benchrace.worker.derive import derive_rounds
from benchrace.worker.failing import failure_of
from benchrace.worker.operate import SpeakingContext, operate
from benchrace.worker.preflight import preflight_lanes
from benchrace.worker.probe import probe_all
from benchrace.worker.pulse import Pulse
from benchrace.worker.quiet import QuietContext
from benchrace.worker.registry import Registry
from benchrace.worker.streams import Voice
from benchrace.worker.watchdog import SILENCE_S, Watchdog, stack_of_loop

ToBackends = ProbeOrder | PreflightOrder | CalibrateOrder | DeriveOrder | OperateOrder
Question = DescribeOrder | ToBackends


def answer(order: Question, voice: Voice) -> WorkerExit:
    """Say one `Reply`, whatever the plugins do; a question needs no more input than its order."""
    if isinstance(order, DescribeOrder):
        if len(order.plugins) != 1:
            return WorkerExit.BAD_ORDER
        voice.say(Reply(result=describe(order.plugins[0])))
        return WorkerExit.DONE
    try:
        result = _asked(order, voice)
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, also `sys.exit`
        voice.say(Reply(failure=failure_of(error, "the question")))
    else:
        voice.say(Reply(result=result))
    return WorkerExit.DONE


def _asked(order: ToBackends, voice: Voice) -> Any:
    pulse = Pulse(SystemClock())

    def silent() -> None:
        error = BenchraceError(
            Category.PLUGIN_ERROR,
            f"a backend blocked its event loop for {SILENCE_S:g} s",
            detail=stack_of_loop(),
        )
        voice.say(Reply(failure=error.failure()))
        os._exit(WorkerExit.DONE)

    watchdog = Watchdog(lambda: pulse.beats, silent)
    watchdog.start()
    registry = Registry(order.plugins, order.config)
    try:
        return anyio.run(_main, order, registry, pulse, voice)
    finally:
        watchdog.stop()


async def _main(order: ToBackends, registry: Registry, pulse: Pulse, voice: Voice) -> Any:
    pulse.start()
    client = ControlClient()
    if isinstance(order, OperateOrder):
        context: QuietContext = SpeakingContext(SystemClock(), client, voice, order.gpus)
    else:
        context = QuietContext(SystemClock(), client, order.gpus)
    async with anyio.create_task_group() as group:
        group.start_soon(pulse.run, lambda: None)
        match order:
            case ProbeOrder():
                result: Any = await probe_all(registry, context)
            case PreflightOrder():
                result = await preflight_lanes(order, registry, context)
            case CalibrateOrder():
                result = await calibrate_lanes(order, registry, context)
            case DeriveOrder():
                result = derive_rounds(order, registry)
            case OperateOrder():
                result = await operate(order, registry, context)
            case _:
                assert_never(order)
        context.show_all()
        await client.close()
        context.stream.close()
        group.cancel_scope.cancel()
    return result
