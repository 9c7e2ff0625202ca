"""Load and unload models: by the API of a router or Ollama, or by starting and stopping."""

from collections.abc import Awaitable, Callable, Sequence

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    Device,
    EngineProcess,
    Loaded,
    NotOffered,
    Operation,
    chat_api,
)
from benchrace_openai.client import OpenAIClient, ServerInfo
from benchrace_openai.config import Server
from benchrace_openai.ollama import native_api
from benchrace_openai.server import settling

LOAD_S = 900.0
UNLOAD_S = 120.0
_IDLE_S = 30.0
_AWAY = (Category.UNREACHABLE, Category.TIMEOUT_CONNECT)


async def ready(client: OpenAIClient, context: Context, gpu: Device | None = None) -> int | None:
    """Wait while the server is loading; return how long that took in ns, None for no wait.

    If it is down, or on another GPU, it is started if that is configured. Raises the meaning of
    its errors, and `timeout_first` if it loads for too long.
    """
    began = context.clock.monotonic_ns()
    waited = await _loaded(client, context)
    if client.server.launch.configured or gpu is not None:
        result = await process(client, context, gpu).provide()
        waited = waited or result is not None
        if result is not None and not result.ok:
            text = f"{client.server.label} did not start: {'; '.join(result.notes)}"
            remedy = "Correct `launch` in the table `openai` of agent.yaml."
            raise BenchraceError(Category.UNREACHABLE, text, remedy)
    waited = await _loaded(client, context) or waited
    return context.clock.monotonic_ns() - began if waited else None


async def load(client: OpenAIClient, model: str, context: Context) -> Loaded:
    """Load `model`; the time is known only if there was a wait."""
    info = await client.identify()
    if info.ollama is not None:
        return await native_api.load(client, model, context)
    if not info.router or _has_state(info, model, "loaded"):
        return Loaded()
    began = context.clock.monotonic_ns()
    await _request(client, "/models/load", model)
    loaded = _state_reached(client, model, "loaded")
    await chat_api.until(loaded, LOAD_S, context, f"{model} is still loading")
    return Loaded(ns=context.clock.monotonic_ns() - began, source="client")


async def unload(client: OpenAIClient, model: str, context: Context) -> None:
    """Unload `model` and return when it is gone; raises if the server cannot unload."""
    if client.server.launch.configured and not await client.answers():
        return
    info = await client.identify()
    if info.router:
        await _request(client, "/models/unload", model)
        unloaded = _state_reached(client, model, "unloaded")
        await chat_api.until(unloaded, UNLOAD_S, context, f"{model} is still loaded")
        return
    if info.ollama is not None:
        await native_api.unload_model(client, model, context)
        return
    if not client.server.launch.configured:
        raise no_unload(client.server.label, info)
    result = await process(client, context).stop()
    if not result.ok:
        text = f"{client.server.label} did not stop: {'; '.join(result.notes)}"
        raise BenchraceError(Category.SYSTEM, text)


async def release(
    servers: Sequence[Server], keep: Server | None, model: str, context: Context
) -> list[str]:
    """Free the memory of servers, except for `model` of `keep`; describe what stays."""
    stayed: list[str] = []
    for server in servers:
        client = OpenAIClient(server, context)
        try:
            info = await client.identify()
            await _free(client, info, model if server is keep else None, context)
        except NotOffered:
            await _settle_resident(client, context)
            stayed.append(f"{server.label} (it cannot unload, and has no `launch` to stop it)")
        except BenchraceError as error:
            if error.category not in _AWAY:
                stayed.append(f"{server.label}: {error.message}")
    return stayed


def no_unload(label: str, info: ServerInfo) -> NotOffered:
    """Return the error of a server that has no way to unload its model."""
    return NotOffered(
        "openai",
        Operation.UNLOAD,
        f"{label} ({info.engine}) cannot unload its model",
        "Set `launch` in the table `openai` of agent.yaml, so that the server can be restarted "
        "for each round; or start llama-server as a router, or race warm.",
    )


def process(client: OpenAIClient, context: Context, gpu: Device | None = None) -> EngineProcess:
    """Return the process of a server, as it is configured to be started and stopped."""
    name = f"openai-{client.server.name}" if client.server.name else "openai"
    return EngineProcess(name, client.server.launch, context, client.answers, gpu)


async def _settle_resident(client: OpenAIClient, context: Context) -> None:
    """Wait until a server that stays in memory is at least idle."""
    try:
        await settling.idle(client, context, _IDLE_S)
    except BenchraceError as error:
        context.log(error.message, "warning")


async def _free(client: OpenAIClient, info: ServerInfo, keep: str | None, context: Context) -> None:
    """Free the memory of one server, unless it has to keep its only model."""
    if info.ollama is not None:
        await native_api.release(client, keep, context)
    elif info.router:
        for model in info.models:
            loaded = model.status is not None and model.status.value == "loaded"
            if loaded and not (keep is not None and model.called(keep)):
                await unload(client, model.id, context)
    elif keep is None and info.models:
        await unload(client, info.models[0].id, context)


async def _loaded(client: OpenAIClient, context: Context) -> bool:
    """Wait while the server is loading; return False for no wait, and if nothing answers."""
    try:
        if not await client.loading():
            return False
    except BenchraceError:
        return False
    still = f"{client.server.label} is still loading"
    await chat_api.until(_not(client.loading), LOAD_S, context, still)
    return True


async def _request(client: OpenAIClient, path: str, model: str) -> None:
    reply = await client.post(path, {"model": model}, timeout_s=UNLOAD_S)
    if not reply.ok:
        raise reply.failure()


def _has_state(info: ServerInfo, model: str, state: str) -> bool:
    listed = info.model(model)
    if listed is not None and listed.status is not None and listed.status.failed:
        text = f"the router could not load {model}"
        raise BenchraceError(Category.STREAM_ERROR, text)
    return listed is not None and listed.status is not None and listed.status.value == state


def _state_reached(client: OpenAIClient, model: str, state: str) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return _has_state(await client.identify(), model, state)

    return reached


def _not(condition: Callable[[], Awaitable[bool | None]]) -> Callable[[], Awaitable[bool]]:
    async def negated() -> bool:
        return not await condition()

    return negated
