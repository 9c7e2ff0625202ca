"""Whether a lane can start on a server, and what to do where it cannot."""

from collections.abc import Sequence

from benchrace.plugin import Fallback, FieldError, Problem, Readiness, Residence, TextParams
from benchrace_openai.calls import Found
from benchrace_openai.facts import context_of
from benchrace_openai.loading import no_unload
from benchrace_openai.settings import Engine, Server

UNCONFIGURED = Problem(
    message="no OpenAI-compatible server is configured on this machine",
    remedy="Give its address in agent.yaml (openai: {base_url: http://127.0.0.1:8080}), "
    "or in OPENAI_BASE_URL.",
)


def no_server(name: str, servers: Sequence[Server]) -> Readiness:
    """Say that there is no such server."""
    if not servers:
        return Readiness(problems=(UNCONFIGURED,))
    known = ", ".join(each.name or each.label for each in servers)
    return Readiness(fields=(FieldError("server", f"there is no server {name!r}; known: {known}"),))


def missing(name: str, found: Found, server: Server) -> str:
    """Say that a server does not have a model."""
    known = ", ".join(each.id for each in found.models[:20]) or "none"
    if not name:
        return f"{server.label} has several models or none, name one: {known}"
    return f"{server.label} has no model {name!r}; it has: {known}"


def readiness(params: TextParams, found: Found, server: Server) -> Readiness:
    """Hold what is asked against what the server says of itself."""
    model = found.model(params.model)
    if model is None:
        if params.fallback is Fallback.MOCK:
            return Readiness()
        return Readiness(fields=(FieldError("model", missing(params.model, found, server)),))
    problems = []
    has = context_of(found, model)
    if has is not None and params.max_tokens >= has:
        text = f"{params.max_tokens} do not fit into the context of {has} that {server.label} has"
        return Readiness(fields=(FieldError("max_tokens", text),))
    if params.num_ctx and params.num_ctx != has:
        problems.append(_context(params.num_ctx, has, found.engine, server))
    if params.residence is Residence.COLD and not (found.router or server.launch.known):
        error = no_unload(server.label, found)
        problems.append(Problem(message=error.message, remedy=error.remedy))
    return Readiness(problems=tuple(problems))


def _context(asked: int, has: int | None, engine: Engine, server: Server) -> Problem:
    told = "does not tell its context" if has is None else f"has a context of {has} tokens"
    flag = {
        Engine.LLAMA_SERVER: f"with -c {asked} for each of its slots",
        Engine.VLLM: f"with --max-model-len {asked}",
        Engine.SGLANG: f"with --context-length {asked}",
    }.get(engine, f"with a context of {asked} tokens")
    return Problem(
        message=f"num_ctx is {asked}, and {server.label} {told}: no request can change that",
        remedy=f"Start the server {flag}, or leave num_ctx at 0.",
    )
