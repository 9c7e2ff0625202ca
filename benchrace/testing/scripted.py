"""A backend controlled by its parameters: it works, or misbehaves like real plugins."""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import anyio
from msgspec import Meta

from benchrace.plugin import (
    Backend,
    BenchraceError,
    Better,
    Category,
    Context,
    Kind,
    Lane,
    Measured,
    Metric,
    Params,
    Record,
    Workload,
    hookimpl,
)


class Misdeed(StrEnum):
    """A misbehaviour, in the phase that `when` names."""

    NONE = "none"
    FAIL = "fail"
    RAISE = "raise"
    OUT_OF_MEMORY = "out_of_memory"
    BLOCK = "block"
    HOLD_LOCK = "hold_lock"
    HANG = "hang"
    HANG_THREAD = "hang_thread"
    SWALLOW_CANCEL = "swallow_cancel"
    EXIT = "exit"
    EXIT_IN_TASK = "exit_in_task"
    EXIT_HARD = "exit_hard"
    ABORT = "abort"
    NONSENSE = "nonsense"
    NAN = "nan"
    NEGATIVE = "negative"
    HUGE = "huge"
    PRINT = "print"
    BAD_METRIC = "bad_metric"
    MARKED = "marked"


class ScriptedParams(Params, frozen=True, kw_only=True):
    """The parameters; `misdeed` happens in `when`, and with `only_round` in one round only."""

    units: Annotated[int, Meta(title="Units", description="Steps of work.", ge=1)] = 4
    unit_s: Annotated[float, Meta(title="Seconds a unit", ge=0)] = 0.0
    text: Annotated[str, Meta(title="Text", description="Shown as a token each unit.")] = ""
    value: Annotated[float, Meta(title="Score")] = 1.0
    misdeed: Annotated[Misdeed, Meta(title="Misdeed")] = Misdeed.NONE
    when: Annotated[str, Meta(title="When", pattern="^(open|round|close)$")] = "round"
    only_round: Annotated[int | None, Meta(title="Only in round")] = None
    block_s: Annotated[float, Meta(title="Blocks for", ge=0)] = 0.5


class ScriptedRecord(Record, frozen=True, kw_only=True):
    """The work done, and how long it took."""

    units: int
    score: float
    elapsed_ns: int
    note: str = ""


def derive(record: ScriptedRecord, params: ScriptedParams) -> Iterable[Measured]:
    """Yield the score, and the time in ms."""
    if record.note == Misdeed.BAD_METRIC:
        yield Measured(metric="undeclared", value=1.0)
    yield Measured(metric="score", value=record.score)
    yield Measured(metric="elapsed_ms", value=record.elapsed_ns / 1e6)


SCRIPTED = Kind(
    name="scripted",
    title="Scripted",
    params=ScriptedParams,
    record=ScriptedRecord,
    metrics=(
        Metric(name="score", title="Score", unit="points", better=Better.HIGHER, headline=True),
        Metric(name="elapsed_ms", title="Elapsed", unit="ms", better=Better.LOWER),
    ),
    derive=derive,
)


class ScriptedBackend(Backend):
    """The scripted backend; counts its calls in `opened` and `closed`."""

    name = "scripted"
    title = "Scripted"
    workloads = (Workload(kind=SCRIPTED, presets={"short": {"units": 1}}),)

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.opened = 0
        self.closed = 0

    async def open(self, lane: Lane[ScriptedParams], context: Context) -> None:
        self.opened += 1
        context.log(f"open {lane.lane_id}")
        await self._misbehave(lane, context, "open")

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        params = lane.params
        started = context.clock.monotonic_ns()
        for unit in range(params.units):
            context.progress(unit, params.units, "units")
            if params.text:
                context.token(params.text)
            if params.unit_s:
                await anyio.sleep(params.unit_s)
        context.progress(params.units, params.units, "units")
        misdeed = await self._misbehave(lane, context, "round")
        if misdeed is Misdeed.NONSENSE:
            return object()  # type: ignore[return-value]
        elapsed = context.clock.monotonic_ns() - started
        return ScriptedRecord(
            units=params.units,
            score=float("nan") if misdeed is Misdeed.NAN else params.value,
            elapsed_ns=-1 if misdeed is Misdeed.NEGATIVE else elapsed,
            note="x" * 300_000 if misdeed is Misdeed.HUGE else misdeed or "",
        )

    async def close(self, lane: Lane[ScriptedParams], context: Context) -> None:
        self.closed += 1
        context.log(f"close {lane.lane_id}")
        await self._misbehave(lane, context, "close")

    async def _misbehave(
        self, lane: Lane[ScriptedParams], context: Context, when: str
    ) -> Misdeed | None:
        params = lane.params
        if params.when != when or params.misdeed is Misdeed.NONE:
            return None
        elsewhere = params.only_round is not None and when == "round"
        if elsewhere and context.round.round != params.only_round:
            return None
        _misbehave_sync(params, context.round.round if when == "round" else None)
        await _misbehave_async(params.misdeed, context)
        return params.misdeed


def _misbehave_sync(params: ScriptedParams, number: int | None) -> None:
    match params.misdeed:
        case Misdeed.FAIL:
            text, detail = "the scripted engine does not answer", f"round {number}"
            raise BenchraceError(Category.UNREACHABLE, text, detail=detail)
        case Misdeed.RAISE:
            raise ZeroDivisionError("as the script says")
        case Misdeed.OUT_OF_MEMORY:
            raise MemoryError
        case Misdeed.BLOCK:
            time.sleep(params.block_s)
        case Misdeed.HOLD_LOCK:
            # A `PyDLL` keeps the interpreter's lock while the function runs.
            ctypes.PyDLL(None).sleep(3600)
        case Misdeed.EXIT:
            sys.exit(3)
        case Misdeed.EXIT_HARD:
            os._exit(3)
        case Misdeed.ABORT:
            os.abort()
        case Misdeed.PRINT:
            os.write(1, b'{"type":"reply"}\n')
        case _:
            return


async def _misbehave_async(misdeed: Misdeed, context: Context) -> None:
    match misdeed:
        case Misdeed.HANG:
            await anyio.sleep_forever()
        case Misdeed.MARKED:
            context.invalid("cached", "it had the answer already")
            context.suspect("shared", "somebody else is here")
        case Misdeed.HANG_THREAD:
            await context.run_blocking(threading.Event().wait)
        case Misdeed.EXIT_IN_TASK:
            async with anyio.create_task_group() as group:
                group.start_soon(_exit_soon)
        case Misdeed.SWALLOW_CANCEL:
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                return
        case _:
            return


async def _exit_soon() -> None:
    sys.exit(3)


@hookimpl
def benchrace_backends() -> list[type[Backend]]:
    """Return the backend, so that workers can load this module as a plugin."""
    return [ScriptedBackend]


@hookimpl
def benchrace_kinds() -> list[Kind]:
    """Return the kind."""
    return [SCRIPTED]
