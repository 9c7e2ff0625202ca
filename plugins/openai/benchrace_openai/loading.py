"""Make a model resident, and make it go: by a router's API, or by starting and stopping."""

from collections.abc import Awaitable, Callable

import anyio

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    Device,
    EngineProcess,
    Loaded,
    NotOffered,
    Operation,
)
from benchrace_openai.calls import Calls, Found
from benchrace_openai.refusals import refusal

LOAD_S = 900.0
UNLOAD_S = 120.0
SETTLE_S = 120.0
_POLL_S = 0.05
_SLOWER_S = 1.0


async def ready(calls: Calls, context: Context, gpu: Device | None = None) -> int | None:
    """Wait while the server says that it loads; gives the ns that this took, None for no wait.

    Where it is down, or on another GPU, and a way to start it is configured, it is started.
    Raises what its errors mean, and `timeout_first` where it loads for too long.
    """
    began = context.clock.monotonic_ns()
    waited = await _loaded(calls, context)
    if calls.server.launch.known or gpu is not None:
        done = await process(calls, context, gpu).provide()
        waited = waited or done is not None
        if done is not None and not done.ok:
            text = f"{calls.server.label} did not start: {'; '.join(done.notes)}"
            remedy = "Correct `launch` in the table `openai` of agent.yaml."
            raise BenchraceError(Category.UNREACHABLE, text, remedy)
    waited = await _loaded(calls, context) or waited
    return context.clock.monotonic_ns() - began if waited else None


async def load(calls: Calls, model: str, context: Context) -> Loaded:
    """Wait until `model` is resident; what that took is told only where there was a wait."""
    took: int | None = None
    found = await calls.find()
    if found.router and not _is(found, model, "loaded"):
        began = context.clock.monotonic_ns()
        await _ask(calls, "/models/load", model)
        await _until(_state(calls, model, "loaded"), LOAD_S, context, f"{model} still loads")
        took = (took or 0) + context.clock.monotonic_ns() - began
    return Loaded(ns=took, source=None if took is None else "client")


async def forget(calls: Calls, model: str, context: Context) -> None:
    """Unload `model`, and return when that is true. Raises where there is no way to."""
    if calls.server.launch.known and not await calls.answers():
        return
    found = await calls.find()
    if found.router:
        await _ask(calls, "/models/unload", model)
        await _until(_state(calls, model, "unloaded"), UNLOAD_S, context, f"{model} still there")
        return
    if not calls.server.launch.known:
        raise no_unload(calls.server.label, found)
    done = await process(calls, context).stop()
    if not done.ok:
        text = f"{calls.server.label} did not stop: {'; '.join(done.notes)}"
        raise BenchraceError(Category.SYSTEM, text)


def no_unload(label: str, found: Found) -> NotOffered:
    """Say why a cold start is not to be had of this server."""
    return NotOffered(
        "openai",
        Operation.UNLOAD,
        f"{label} ({found.engine}) cannot unload its model",
        "Set `launch` in the table `openai` of agent.yaml, so that the server can be stopped and "
        "started for each round; or start llama-server as a router, or race warm.",
    )


async def settle(calls: Calls, context: Context) -> None:
    """Wait until no slot works on an answer that nobody hears any more; bounded."""
    try:
        await _until(_not(calls.busy), SETTLE_S, context, f"{calls.server.label} is still busy")
    except BenchraceError as error:
        text = f"{calls.server.label} may be busy with an answer that was left: {error.message}"
        context.log(text, "warning")


def process(calls: Calls, context: Context, gpu: Device | None = None) -> EngineProcess:
    """Give the process of a server, as its table says that it is started and stopped."""
    name = f"openai-{calls.server.name}" if calls.server.name else "openai"
    return EngineProcess(name, calls.server.launch, context, calls.answers, gpu)


async def _loaded(calls: Calls, context: Context) -> bool:
    """Wait while it says that it loads; False for no wait, and where nothing answers."""
    try:
        if not await calls.loading():
            return False
    except BenchraceError:
        return False
    await _until(_not(calls.loading), LOAD_S, context, f"{calls.server.label} still loads")
    return True


async def _ask(calls: Calls, path: str, model: str) -> None:
    reply = await calls.post(path, {"model": model}, timeout_s=UNLOAD_S)
    if not reply.ok:
        raise refusal(reply.status, reply.text)


def _is(found: Found, model: str, state: str) -> bool:
    listed = found.model(model)
    if listed is not None and listed.status is not None and listed.status.failed:
        text = f"the router could not load {model}"
        raise BenchraceError(Category.STREAM_ERROR, text)
    return listed is not None and listed.status is not None and listed.status.value == state


def _state(calls: Calls, model: str, state: str) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return _is(await calls.find(), model, state)

    return reached


def _not(question: Callable[[], Awaitable[bool | None]]) -> Callable[[], Awaitable[bool]]:
    async def otherwise() -> bool:
        return not await question()

    return otherwise


async def _until(
    true: Callable[[], Awaitable[bool]], limit_s: float, context: Context, what: str
) -> None:
    """Ask until it is true, and show the seconds; raises `timeout_first`."""
    began, pause_s = context.clock.monotonic_ns(), _POLL_S
    while not await true():
        waited_s = (context.clock.monotonic_ns() - began) / 1e9
        if waited_s > limit_s:
            raise BenchraceError(Category.TIMEOUT_FIRST, f"{what} after {limit_s:g} s")
        context.progress(waited_s, None, "s of waiting")
        await anyio.sleep(pause_s)
        pause_s = min(2 * pause_s, _SLOWER_S)
