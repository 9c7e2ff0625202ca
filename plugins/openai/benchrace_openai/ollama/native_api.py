"""Recognize an Ollama behind OpenAI's API, and use its own API for what only that can do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from benchrace.plugin import BenchraceError, Category, Context, Loaded, chat_api
from benchrace_openai.errors import refusal
from benchrace_openai.ollama.answers import (
    InMemory,
    Ollama,
    Processes,
    Shown,
    Tags,
    full_name,
    same_name,
)
from benchrace_openai.server.info import as_struct

if TYPE_CHECKING:
    from benchrace_openai.client import OpenAIClient

S = TypeVar("S", bound=msgspec.Struct)
# Keeps a model in memory while lanes take turns.
KEEP_ALIVE = "30m"
GREETING = "Ollama is running"
LOAD_S = 900.0
UNLOAD_S = 60.0
# Ollama detects a load by a health check every 250 ms; for a loaded model it takes 1 to 28 ms.
LOADED_NS = 200_000_000


async def recognize(client: "OpenAIClient") -> Ollama | None:
    """Return what Ollama has, None if something else is at the address.

    Other servers implement some of its routes for its clients, but not its greeting.
    """
    version = (await client.get("/api/version")).data
    if not isinstance(version, dict) or not isinstance(version.get("version"), str):
        return None
    if GREETING not in (await client.get("/")).text:
        return None
    tags, processes = await client.get("/api/tags"), await client.get("/api/ps")
    on_disk, in_memory = as_struct(tags.data, Tags), as_struct(processes.data, Processes)
    if on_disk is None or in_memory is None:
        return None
    return Ollama(
        version=version["version"][:200],
        tags=on_disk.models or (),
        in_memory=in_memory.models or (),
    )


async def show(client: "OpenAIClient", model: str) -> Shown:
    """Return the description of a model; raises the meaning of an error."""
    return await _post(client, "/api/show", {"model": model}, Shown)


async def load(client: "OpenAIClient", model: str, context: Context) -> Loaded:
    """Load a model by an empty prompt, with the default options, as the OpenAI routes do.

    Ollama reports no duration, so that the time is the client's; none if the model was loaded.
    """
    was = await loaded(client, model)
    began = context.clock.monotonic_ns()
    await _generate(client, {"model": model, "prompt": "", "keep_alive": KEEP_ALIVE}, LOAD_S)
    took = context.clock.monotonic_ns() - began
    if was is not None and took < LOADED_NS:
        return Loaded()
    return Loaded(ns=took, source="client")


async def unload(client: "OpenAIClient", models: Sequence[str], context: Context) -> None:
    """Unload models, and return when none of them is in memory; raises `busy` if one stays."""
    names = {full_name(model) for model in models}

    async def gone() -> bool:
        return not names & {full_name(model.name) for model in await _in_memory(client)}

    for model in models:
        await _generate(client, {"model": model, "keep_alive": 0}, UNLOAD_S)
    try:
        await chat_api.until(gone, UNLOAD_S, context, f"{', '.join(models)} is still in memory")
    except BenchraceError as error:
        if error.category is not Category.TIMEOUT_FIRST:
            raise
        raise BenchraceError(
            Category.BUSY,
            f"{client.server.label} did not unload {', '.join(models)} within {UNLOAD_S:g} s",
            "Another client's request may be running; wait for it, or restart Ollama.",
        ) from error


async def unload_model(client: "OpenAIClient", model: str, context: Context) -> None:
    """Unload a model, under any name that its weights have in memory."""
    names = [loaded.name for loaded in await sharing(client, model)]
    await unload(client, names or [model], context)


async def release(client: "OpenAIClient", keep: str | None, context: Context) -> None:
    """Unload every model except those that share the weights of `keep`."""
    keeping = [] if keep is None else await sharing(client, keep)
    names = [model.name for model in await _in_memory(client) if model not in keeping]
    if names:
        await unload(client, names, context)
        context.log(f"{client.server.label} unloaded {', '.join(names)}")


async def loaded(client: "OpenAIClient", model: str) -> InMemory | None:
    """Find a model in memory, also under another name of the same weights."""
    return next(iter(await sharing(client, model)), None)


async def sharing(client: "OpenAIClient", model: str) -> list[InMemory]:
    """Return the models in memory with the model's own name, or with its file of weights."""
    in_memory = await _in_memory(client)
    same = [loaded for loaded in in_memory if same_name(loaded.name, model)]
    others = [loaded for loaded in in_memory if loaded not in same]
    if not others or (weights := await _weights(client, model)) is None:
        return same
    return same + [other for other in others if await _weights(client, other.name) == weights]


async def _weights(client: "OpenAIClient", model: str) -> str | None:
    """Return a model's file of weights, None if the model has just been removed."""
    try:
        return (await show(client, model)).weights
    except BenchraceError as error:
        if error.category is not Category.MISSING_MODEL:
            raise
        return None


async def _in_memory(client: "OpenAIClient") -> tuple[InMemory, ...]:
    reply = await client.get("/api/ps")
    if not reply.ok:
        raise refusal(reply.status, reply.text)
    answer = as_struct(reply.data, Processes)
    if answer is None:
        raise _unlike_ollama(client, "/api/ps", reply.text)
    models: tuple[InMemory, ...] = answer.models or ()
    return models


async def _generate(client: "OpenAIClient", body: dict[str, Any], limit_s: float) -> None:
    reply = await client.post("/api/generate", {**body, "stream": False}, timeout_s=limit_s)
    if not reply.ok:
        raise refusal(reply.status, reply.text)


async def _post(client: "OpenAIClient", path: str, body: dict[str, Any], to: type[S]) -> S:
    reply = await client.post(path, body)
    if not reply.ok:
        raise refusal(reply.status, reply.text)
    answer: S | None = as_struct(reply.data, to)
    if answer is None:
        raise _unlike_ollama(client, path, reply.text)
    return answer


def _unlike_ollama(client: "OpenAIClient", path: str, text: str) -> BenchraceError:
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"unexpected answer to {path} from {client.server.label}, unlike Ollama's",
        "Check that base_url is Ollama's own address, without a proxy.",
        detail=text[:500],
    )
