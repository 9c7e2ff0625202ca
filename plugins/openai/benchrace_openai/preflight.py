"""Check whether a lane can start on a server, and what to do if it cannot."""

from collections.abc import Iterator, Sequence
from typing import Any

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    Fallback,
    FieldError,
    Lane,
    Problem,
    Readiness,
    Residence,
    TextParams,
    find_gpu,
)
from benchrace_openai import load
from benchrace_openai.client import OpenAIClient, ServerInfo
from benchrace_openai.config import Engine, Server
from benchrace_openai.facts import context_of
from benchrace_openai.server.choice import choose
from benchrace_openai.server.info import Listed

UNCONFIGURED = Problem(
    message="no OpenAI-compatible server is configured on this machine",
    remedy="Set its address in agent.yaml (openai: {base_url: http://127.0.0.1:8080}), "
    "or in OPENAI_BASE_URL.",
)


async def check(servers: Sequence[Server], lane: Lane[Any], context: Context) -> Readiness:
    """Check a lane on the server that it chooses."""
    server = await choose(servers, lane.params.server, lane.params.model, context)
    if server is None:
        return no_server(lane.params.server, servers)
    client = OpenAIClient(server, context)
    try:
        gpu = find_gpu(lane.params.gpu, context.gpus)
        if (error := await load.process(client, context, gpu).gpu_conflict()) is not None:
            raise error
        if await client.loading():
            return Readiness()
        return readiness(lane.params, await client.identify(), server)
    except BenchraceError as error:
        mock = lane.params.fallback is Fallback.MOCK
        if error.fields:
            return Readiness(fields=error.fields)
        if mock or (server.launch.configured and error.category is Category.UNREACHABLE):
            return Readiness()
        problem = Problem(message=error.message, remedy=error.remedy)
        return Readiness(problems=(problem,), category=error.category)


def no_server(name: str, servers: Sequence[Server]) -> Readiness:
    """Return that a server is not configured."""
    if not servers:
        return Readiness(problems=(UNCONFIGURED,))
    names = ", ".join(server.name or server.label for server in servers)
    text = f"unknown server {name!r}; configured: {names}"
    return Readiness(fields=(FieldError("server", text),))


def find_model(info: ServerInfo, name: str, server: Server) -> Listed:
    """Find the lane's model on its server; raises `missing_model`."""
    model = info.model(name)
    if model is None:
        raise BenchraceError(Category.MISSING_MODEL, missing(name, info, server))
    return model


def missing(name: str, info: ServerInfo, server: Server) -> str:
    """Return the message for a model that a server does not have."""
    names = ", ".join(model.id for model in info.models[:20]) or "none"
    if not name:
        return f"{server.label} has several models or none; choose one: {names}"
    pull = f" (get it with: ollama pull {name})" if info.ollama is not None else ""
    return f"{server.label} has no model {name!r}; it has: {names}{pull}"


def readiness(params: TextParams, info: ServerInfo, server: Server) -> Readiness:
    """Check the parameters against what the server reports."""
    model = info.model(params.model)
    if model is None:
        if params.fallback is Fallback.MOCK:
            return Readiness()
        error = FieldError("model", missing(params.model, info, server))
        return Readiness(fields=(error,), category=Category.MISSING_MODEL)
    problems = list(_no_text(params.model, info))
    context = context_of(info, model)
    if context is not None and params.max_tokens >= context:
        text = f"{params.max_tokens} tokens exceed the context of {context} of {server.label}"
        return Readiness(fields=(FieldError("max_tokens", text),))
    if params.num_ctx and params.num_ctx != context:
        problems.append(_other_context(params.num_ctx, context, info.engine, server))
    unloads = info.router or info.ollama is not None or server.launch.configured
    if params.residence is Residence.COLD and not unloads:
        not_offered = load.no_unload(server.label, info)
        problems.append(Problem(message=not_offered.message, remedy=not_offered.remedy))
    return Readiness(problems=tuple(problems))


def _no_text(name: str, info: ServerInfo) -> Iterator[Problem]:
    tag = None if info.ollama is None else info.ollama.tag(name)
    if tag is not None and tag.capabilities and "completion" not in tag.capabilities:
        yield Problem(
            message=f"{tag.name} cannot generate text: it is for {', '.join(tag.capabilities)}",
            remedy="Choose a model for text; ollama show MODEL lists a model's capabilities.",
        )


def _other_context(num_ctx: int, context: int | None, engine: Engine, server: Server) -> Problem:
    fact = (
        "does not report its context" if context is None else f"has a context of {context} tokens"
    )
    flag = {
        Engine.LLAMA_SERVER: f"with -c {num_ctx} for each of its slots",
        Engine.VLLM: f"with --max-model-len {num_ctx}",
        Engine.SGLANG: f"with --context-length {num_ctx}",
        Engine.OLLAMA: f"with OLLAMA_CONTEXT_LENGTH={num_ctx}",
    }.get(engine, f"with a context of {num_ctx} tokens")
    return Problem(
        message=f"num_ctx is {num_ctx}, but {server.label} {fact}: a request cannot change that",
        remedy=f"Start the server {flag}, or leave num_ctx at 0.",
    )
