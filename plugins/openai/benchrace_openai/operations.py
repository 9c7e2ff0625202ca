"""Start, stop, reset and unload: all servers for which that is configured."""

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
from benchrace_openai import load
from benchrace_openai.client import OpenAIClient, ServerInfo
from benchrace_openai.ollama.answers import same_name


async def reset(clients: Sequence[OpenAIClient], context: Context) -> Reset:
    """Reset the servers one after the other; the command and its output are the last one's."""
    results = [await load.process(client, context).reset() for client in clients]
    last = results[-1]
    if len(results) == 1:
        return last
    times = [result.time_to_ready_ms for result in results if result.time_to_ready_ms is not None]
    return Reset(
        stopped=all(result.stopped for result in results),
        start_command=last.start_command,
        start_stdout_tail=last.start_stdout_tail,
        start_stderr_tail=last.start_stderr_tail,
        start_log_file=last.start_log_file,
        healthy=all(result.healthy is True for result in results),
        time_to_ready_ms=sum(times) if len(times) == len(results) else None,
        notes=_labelled_notes(clients, [result.notes for result in results]),
    )


async def start(clients: Sequence[OpenAIClient], context: Context) -> Operated:
    """Start all servers that do not answer."""
    return _combine(clients, [await load.process(client, context).start() for client in clients])


async def stop(clients: Sequence[OpenAIClient], context: Context) -> Operated:
    """Stop all servers that run."""
    return _combine(clients, [await load.process(client, context).stop() for client in clients])


async def started_here(clients: Sequence[OpenAIClient], context: Context) -> bool:
    """Check whether the agent started all of these servers, which a stop would stop."""
    for client in clients:
        if not await load.process(client, context).started_here():
            return False
    return bool(clients)


async def unload(clients: Sequence[OpenAIClient], model: str | None, context: Context) -> Unloaded:
    """Unload `model`, or all models, on all servers that can; raises `NotOffered` if none can."""
    began = context.clock.monotonic_ns()
    unloaded: list[str] = []
    failure: BenchraceError = NotOffered("openai", Operation.UNLOAD, "no server is configured")
    supported = False
    for client in clients:
        info = await client.identify()
        if not info.router and info.ollama is None:
            failure = load.no_unload(client.server.label, info)
            continue
        supported = True
        for name in _resident(info, model):
            await load.unload(client, name, context)
            unloaded.append(name)
    if not supported:
        raise failure
    waited_ms = (context.clock.monotonic_ns() - began) / 1e6
    return Unloaded(models=tuple(unloaded), waited_ms=waited_ms)


def _resident(info: ServerInfo, model: str | None) -> list[str]:
    if info.ollama is not None:
        names = [loaded.name for loaded in info.ollama.in_memory]
        return [name for name in names if model is None or same_name(name, model)]
    return [
        listed.id
        for listed in info.models
        if listed.status is not None
        and listed.status.value == "loaded"
        and (model is None or listed.called(model))
    ]


def _combine(clients: Sequence[OpenAIClient], results: Sequence[Operated]) -> Operated:
    if len(results) == 1:
        return results[0]
    notes = _labelled_notes(clients, [result.notes for result in results])
    return Operated(ok=all(result.ok for result in results), notes=notes)


def _labelled_notes(
    clients: Sequence[OpenAIClient], notes: Sequence[tuple[str, ...]]
) -> tuple[str, ...]:
    return tuple(
        f"{client.server.label}: {note}"
        for client, of_client in zip(clients, notes, strict=True)
        for note in of_client
    )
