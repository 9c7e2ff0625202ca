"""Wait until a server is idle, after answers that were abandoned.

A server notices a client that disconnects during prefill only at the next batch, which may be many
seconds later. The next request waits for that, and its wait would be measured.
"""

from collections.abc import Container, Mapping
from typing import Any

import msgspec

from benchrace.plugin import Ask, BenchraceError, Category, Context, TextParams, chat_api
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Engine, Server
from benchrace_openai.errors import refusal
from benchrace_openai.facts import LaneTarget, is_loaded
from benchrace_openai.ollama import native_api
from benchrace_openai.request import CORE, body, route

LIMIT_S = 60.0
_AWAY = (Category.UNREACHABLE, Category.TIMEOUT_CONNECT)
# Requests that run or wait, as Prometheus gauges.
_GAUGES = (
    "llamacpp:requests_processing",
    "llamacpp:requests_deferred",
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "sglang:num_running_reqs",
    "sglang:num_queue_reqs",
)


class OneToken(msgspec.Struct, frozen=True, kw_only=True):
    """A request for one token, whose answer comes after all running requests."""

    path: str
    body: Mapping[str, Any]


async def settle_lane(
    target: LaneTarget, params: TextParams, context: Context, names: Container[str] | None = None
) -> bool:
    """Wait until the server of a lane is idle, without loading anything.

    `names` limits the fields that are sent, if it is unknown which of them the server rejects.
    """
    client, engine = OpenAIClient(target.server, context, api=target.info.api), target.info.engine
    if target.info.ollama is not None and await native_api.loaded(client, target.model.id) is None:
        return True
    if target.info.router:
        # The models have their own slots, in other processes.
        engine = Engine.GENERIC
    ask = Ask(params=params, prompt=".", system="", max_tokens=1)
    fields = body(ask, target.model.id, target.info.engine, {*target.unsent, "stream_options"})
    fields = {name: value for name, value in fields.items() if names is None or name in names}
    request = OneToken(path=route(params.rendering), body={**fields, "stream": False})
    return await settle(client, engine, request, context)


async def settle_unopened(server: Server, params: TextParams, context: Context) -> bool:
    """Wait until the server of a lane that an earlier job opened is idle.

    It is unknown which fields the server rejects, so that only those of all servers are sent.
    """
    client = OpenAIClient(server, context)
    try:
        info = await client.identify()
        model = info.model(params.model)
        if model is None or (info.router and not is_loaded(model)):
            return True
        target = LaneTarget(
            server=server,
            url=server.address.url(route(params.rendering), info.api),
            headers=(),
            info=info,
            model=model,
        )
        return await settle_lane(target, params, context, names=CORE)
    except BenchraceError as error:
        if error.category not in _AWAY:
            context.log(f"{server.label} may still be busy: {error.message}", "warning")
        return True


async def settle(client: OpenAIClient, engine: Engine, request: OneToken, context: Context) -> bool:
    """Wait until the server is idle, up to `LIMIT_S`; log and return False if it stays busy.

    llama-server reports the state of its slots. Others are sent the request for one token, and
    then their gauges are read, which some of them update only while they work.
    """
    try:
        if engine is not Engine.LLAMA_SERVER or await client.busy() is None:
            reply = await client.post(request.path, request.body, timeout_s=LIMIT_S)
            if not reply.ok:
                raise refusal(reply.status, reply.text)
        await idle(client, context, LIMIT_S)
    except BenchraceError as error:
        context.log(f"{client.server.label} may still be busy: {error.message}", "warning")
        return error.category is not Category.TIMEOUT_FIRST
    return True


async def idle(client: OpenAIClient, context: Context, limit_s: float) -> None:
    """Wait while the server reports that it is busy; raises `timeout_first`."""

    async def is_idle() -> bool:
        busy = await client.busy()
        return not (await _requests(client) if busy is None else busy)

    await chat_api.until(is_idle, limit_s, context, f"{client.server.label} is still busy")


async def _requests(client: OpenAIClient) -> float:
    """Return how many requests run or wait; 0 if the server does not report it."""
    reply = await client.get("/metrics")
    return sum(map(_gauge, reply.text.splitlines())) if reply.ok else 0.0


def _gauge(line: str) -> float:
    name, _, value = line.rpartition(" ")
    if name.partition("{")[0] not in _GAUGES:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        return 0.0
