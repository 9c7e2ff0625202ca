"""Bringing a model into memory and out of it again, and knowing when that is true."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio

from benchrace.plugin import BenchraceError, Category, Context, Loaded, TextParams
from benchrace_ollama.api import Api, Running
from benchrace_ollama.names import blob, listed
from benchrace_ollama.runner import holding
from benchrace_ollama.way import KEEP_ALIVE, Way, options

# A cold load is seen by a health check each 250 ms; with a resident model it is 1 to 28 ms.
RESOLUTION_MS = 250
LOADED_NS = 200_000_000
_EVERY_S = 0.05
_LISTED_S = 5.0
_GONE_S = 60.0
_ENDED_S = 10.0


async def load(api: Api, way: Way, params: TextParams, context: Context) -> Loaded:
    """Load by an empty prompt, with the options that every request will have.

    Ollama tells no durations in that answer, so that the time is the client's, with the
    resolution of Ollama's own health check; none where the model was resident as it was asked for.
    """
    was = listed(way.tag, await api.resident())
    began = context.clock.monotonic_ns()
    answer = await api.generate(_empty(params), params.first_token_s)
    took = context.clock.monotonic_ns() - began
    await _until_listed(api, way, context)
    if answer.load_duration is not None and answer.load_duration >= LOADED_NS:
        return Loaded(ns=answer.load_duration, source="engine")
    if was is not None and took < LOADED_NS:
        return Loaded()
    return Loaded(ns=took, source="client")


async def forget(api: Api, way: Way, context: Context, *, near: bool) -> None:
    """Unload, and wait until /api/ps no longer lists the model under any name and, with `near`,
    until no process on this machine holds its file. Raises `busy` where it stays.
    """

    async def gone() -> bool:
        return await same(api, way) is None

    await api.unload(way.tag.name)
    if not await _within(_GONE_S, gone):
        raise _stays(way.tag.name)
    if near and way.blob is not None:
        await _until_ended(way.blob, context)


async def empty(api: Api, models: Sequence[str]) -> None:
    """Unload models, by the names that /api/ps has; returns when it lists none of them."""

    async def gone() -> bool:
        return not {each.name for each in await api.resident()} & set(models)

    for each in models:
        await api.unload(each)
    if not await _within(_GONE_S, gone):
        raise _stays(", ".join(models))


def _stays(what: str) -> BenchraceError:
    return BenchraceError(
        Category.BUSY,
        f"Ollama still holds {what} {_GONE_S:g} s after it was asked to unload it",
        "Another client's answer may be running; wait for it, or restart Ollama.",
    )


async def same(api: Api, way: Way) -> Running | None:
    """Find the model in memory, under its name, a copy's, or that of a model of the same file."""
    resident = await api.resident()
    if found := listed(way.tag, resident):
        return found
    for each in resident:
        try:
            shown = await api.show(each.name)
        except BenchraceError as error:
            if error.category is not Category.MISSING_MODEL:
                raise
            continue
        if way.blob is not None and blob(shown) == way.blob:
            return each
    return None


def _empty(params: TextParams) -> dict[str, Any]:
    return {
        "model": params.model,
        "prompt": "",
        "keep_alive": KEEP_ALIVE,
        "options": options(params, params.max_tokens),
    }


async def _until_listed(api: Api, way: Way, context: Context) -> None:
    async def there() -> bool:
        return await same(api, way) is not None

    if not await _within(_LISTED_S, there):
        text = f"/api/ps does not list {way.tag.name}, which Ollama says is loaded"
        context.log(text, "warning")


async def _until_ended(held: str, context: Context) -> None:
    """A runner whose server was killed stays for ever, and holds memory: that is said."""
    left: list[int] = []

    async def ended() -> bool:
        left[:] = await context.run_blocking(lambda: holding(held))
        return not left

    if not await _within(_ENDED_S, ended):
        context.log(
            f"processes {left} hold the model's file although Ollama has unloaded it: runners of "
            "a server that was killed? End them with: kill PID",
            "warning",
        )


async def _within(limit_s: float, true: Callable[[], Awaitable[bool]]) -> bool:
    """Ask until it is true, for `limit_s` at most."""
    with anyio.move_on_after(limit_s):
        while True:
            if await true():
                return True
            await anyio.sleep(_EVERY_S)
    return False
