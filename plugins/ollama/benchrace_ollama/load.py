"""Start Ollama, load and unload models, and wait until that has happened."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    Device,
    EngineProcess,
    Launch,
    Loaded,
    TextParams,
    answers_at,
)
from benchrace_ollama.client import OllamaClient, Running
from benchrace_ollama.errors import AWAY, missing
from benchrace_ollama.names import blob, find, listed
from benchrace_ollama.request import KEEP_ALIVE, Route, choose_route, options
from benchrace_ollama.runner import holding

# Ollama detects a load by a health check every 250 ms; for a loaded model it takes 1 to 28 ms.
RESOLUTION_MS = 250
LOADED_NS = 200_000_000
_EVERY_S = 0.05
_LISTED_S = 5.0
_GONE_S = 60.0
_ENDED_S = 10.0


def process(
    client: OllamaClient, launch: Launch, context: Context, gpu: Device | None = None
) -> EngineProcess:
    """Return Ollama's process, as it is configured to be started and stopped."""

    async def answers() -> bool:
        # The port accepts before Ollama answers, so that only an answer counts.
        return await answers_at(context, f"{client.base}/api/version")

    return EngineProcess("ollama", launch, context, answers, gpu)


async def ready(client: OllamaClient, launch: Launch, context: Context, gpu: Device | None) -> None:
    """Ensure that Ollama runs, on the lane's GPU if it has one, if the agent may start it."""
    if gpu is None and not launch.configured:
        return
    result = await process(client, launch, context, gpu).provide()
    if result is not None and not result.ok:
        text = f"Ollama did not start: {'; '.join(result.notes)}"
        remedy = "Correct `launch` in the table `ollama` of agent.yaml."
        raise BenchraceError(Category.UNREACHABLE, text, remedy)


async def find_route(client: OllamaClient, params: TextParams) -> Route:
    """Find the lane's model and its route; raises `missing_model`."""
    tag = find(params.model, await client.tags())
    if tag is None:
        raise missing(params.model)
    return choose_route(tag, await client.show(tag.name), params)


async def load(client: OllamaClient, route: Route, params: TextParams, context: Context) -> Loaded:
    """Load a model by an empty prompt, with the options of all later requests.

    Ollama reports no duration for it, so that the time is the client's, with the resolution of
    Ollama's health check; none if the model was already loaded with these options.
    """
    was = listed(route.tag, await client.resident())
    began = context.clock.monotonic_ns()
    answer = await client.generate(_empty(params), params.first_token_s)
    took = context.clock.monotonic_ns() - began
    await _until_listed(client, route, context)
    if answer.load_duration is not None and answer.load_duration >= LOADED_NS:
        return Loaded(ns=answer.load_duration, source="engine")
    if was is not None and took < LOADED_NS:
        return Loaded()
    return Loaded(ns=took, source="client")


async def unload(client: OllamaClient, route: Route, context: Context, *, local: bool) -> None:
    """Unload a model, and wait until /api/ps no longer lists it under any name.

    With `local` wait also until no process on this machine has its file loaded. Raises `busy` if
    it stays.
    """

    async def gone() -> bool:
        return await same(client, route) is None

    await client.unload(route.tag.name)
    if not await _within(_GONE_S, gone):
        raise _stays(route.tag.name)
    if local and route.blob is not None:
        await _until_ended(route.blob, context)


async def release(client: OllamaClient, keep: TextParams | None, context: Context) -> Sequence[str]:
    """Unload all models except those that share the file of a lane's model; describe what stays."""
    try:
        keeping = None if keep is None else await _resident(client, keep)
        names = [running.name for running in await client.resident() if running != keeping]
        await empty(client, names)
    except BenchraceError as error:
        return () if error.category in AWAY else (f"Ollama: {error.message}",)
    if names:
        context.log(f"Ollama unloaded {', '.join(names)}")
    return ()


async def empty(client: OllamaClient, models: Sequence[str]) -> None:
    """Unload models by their names in /api/ps, and return when it lists none of them."""

    async def gone() -> bool:
        return not {running.name for running in await client.resident()} & set(models)

    for model in models:
        await client.unload(model)
    if not await _within(_GONE_S, gone):
        raise _stays(", ".join(models))


def _stays(what: str) -> BenchraceError:
    return BenchraceError(
        Category.BUSY,
        f"Ollama did not unload {what} within {_GONE_S:g} s",
        "Another client's request may be running; wait for it, or restart Ollama.",
    )


async def same(client: OllamaClient, route: Route) -> Running | None:
    """Find the model in memory, under its name, or that of a copy or a model of the same file."""
    resident = await client.resident()
    if running := listed(route.tag, resident):
        return running
    for running in resident:
        try:
            shown = await client.show(running.name)
        except BenchraceError as error:
            if error.category is not Category.MISSING_MODEL:
                raise
            continue
        if route.blob is not None and blob(shown) == route.blob:
            return running
    return None


async def _resident(client: OllamaClient, params: TextParams) -> Running | None:
    try:
        return await same(client, await find_route(client, params))
    except BenchraceError as error:
        if error.category is Category.MISSING_MODEL:
            return None
        raise


def _empty(params: TextParams) -> dict[str, Any]:
    return {
        "model": params.model,
        "prompt": "",
        "keep_alive": KEEP_ALIVE,
        "options": options(params, params.max_tokens),
    }


async def _until_listed(client: OllamaClient, route: Route, context: Context) -> None:
    async def there() -> bool:
        return await same(client, route) is not None

    if not await _within(_LISTED_S, there):
        text = f"/api/ps does not list {route.tag.name}, although Ollama has loaded it"
        context.log(text, "warning")


async def _until_ended(blob: str, context: Context) -> None:
    """Wait until no process has the file loaded; warn of runners whose server was killed.

    Such runners stay for ever and keep their memory.
    """
    pids: list[int] = []

    async def ended() -> bool:
        pids[:] = await context.run_blocking(lambda: holding(blob))
        return not pids

    if not await _within(_ENDED_S, ended):
        context.log(
            f"processes {pids} still have the model's file loaded, although Ollama has unloaded "
            "it: they may be runners of a server that was killed. End them with: kill PID",
            "warning",
        )


async def _within(limit_s: float, condition: Callable[[], Awaitable[bool]]) -> bool:
    """Poll until the condition is true, for `limit_s` at most."""
    with anyio.move_on_after(limit_s):
        while True:
            if await condition():
                return True
            await anyio.sleep(_EVERY_S)
    return False
