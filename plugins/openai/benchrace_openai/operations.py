"""Start, stop, reset and unload: every server of the table that says how."""

from collections.abc import Sequence

from benchrace.plugin import (
    BenchraceError,
    Context,
    NotOffered,
    Operated,
    Operation,
    Reset,
    Unloaded,
)
from benchrace_openai import loading
from benchrace_openai.calls import Calls, Found


async def reset(every: Sequence[Calls], context: Context) -> Reset:
    """Reset one after the other; what is told of the commands is the last one's."""
    done = [await loading.process(calls, context).reset() for calls in every]
    last = done[-1]
    if len(done) == 1:
        return last
    times = [each.time_to_ready_ms for each in done]
    known = [each for each in times if each is not None]
    return Reset(
        stopped=all(each.stopped for each in done),
        start_command=last.start_command,
        start_stdout_tail=last.start_stdout_tail,
        start_stderr_tail=last.start_stderr_tail,
        start_log_file=last.start_log_file,
        healthy=all(each.healthy is True for each in done),
        time_to_ready_ms=sum(known) if len(known) == len(times) else None,
        notes=tuple(_named(every, [each.notes for each in done])),
    )


async def start(every: Sequence[Calls], context: Context) -> Operated:
    """Start all that do not answer."""
    return _together(every, [await loading.process(calls, context).start() for calls in every])


async def stop(every: Sequence[Calls], context: Context) -> Operated:
    """Stop all that run."""
    return _together(every, [await loading.process(calls, context).stop() for calls in every])


async def started_here(every: Sequence[Calls], context: Context) -> bool:
    """Tell whether all of these, which a stop would stop, were started from here."""
    for calls in every:
        if not await loading.process(calls, context).started_here():
            return False
    return bool(every)


async def unload(every: Sequence[Calls], model: str | None, context: Context) -> Unloaded:
    """Unload `model`, or all, of every server that can; raises `NotOffered` where none can."""
    began = context.clock.monotonic_ns()
    gone: list[str] = []
    failure: BenchraceError = NotOffered("openai", Operation.UNLOAD, "no server is configured")
    can = False
    for calls in every:
        found = await calls.find()
        if not found.router:
            failure = loading.no_unload(calls.server.label, found)
            continue
        can = True
        for name in _resident(found, model):
            await loading.forget(calls, name, context)
            gone.append(name)
    if not can:
        raise failure
    waited = (context.clock.monotonic_ns() - began) / 1e6
    return Unloaded(models=tuple(gone), waited_ms=waited)


def _resident(found: Found, model: str | None) -> list[str]:
    return [
        each.id
        for each in found.models
        if each.status is not None
        and each.status.value == "loaded"
        and (model is None or each.called(model))
    ]


def _together(every: Sequence[Calls], done: Sequence[Operated]) -> Operated:
    if len(done) == 1:
        return done[0]
    notes = tuple(_named(every, [each.notes for each in done]))
    return Operated(ok=all(each.ok for each in done), notes=notes)


def _named(every: Sequence[Calls], notes: Sequence[tuple[str, ...]]) -> list[str]:
    return [
        f"{calls.server.label}: {note}"
        for calls, of_one in zip(every, notes, strict=True)
        for note in of_one
    ]
