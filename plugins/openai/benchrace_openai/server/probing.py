"""Probe all servers of a machine at once."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import anyio
import msgspec

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    Model,
    Probe,
    Problem,
    Startable,
    describe_weights,
    endpoint,
    whereabouts,
)
from benchrace_openai import operations
from benchrace_openai.client import OpenAIClient, ServerInfo
from benchrace_openai.config import Server
from benchrace_openai.facts import described
from benchrace_openai.server.info import Listed

_LIMIT_S = 4.0
_ALIAS = ("-a", "--alias", "--served-model-name")
_LLAMA_SERVER = "llama-server"


async def probe(servers: Sequence[Server], context: Context) -> Probe:
    """Probe the servers; one that does not answer is a problem, and does not hide the others."""
    answers = await _identify_all(servers, context)
    infos = [answer for answer in answers if isinstance(answer, ServerInfo)]
    versions = dict.fromkeys(f"{info.engine} {info.version}" for info in infos if info.version)
    models: dict[str, Model] = {}
    for server, answer in zip(servers, answers, strict=True):
        if isinstance(answer, ServerInfo):
            address = await endpoint(server.root, context)
            for listed in answer.models:
                model = models.get(listed.id) or await _described(answer, listed, server, context)
                engines = model.engines | {server.name: address}
                models[listed.id] = msgspec.structs.replace(model, engines=engines)
    up = [
        OpenAIClient(server, context)
        for server, answer in zip(servers, answers, strict=True)
        if server.launch.configured
        and (isinstance(answer, ServerInfo) or not server.launch.command)
    ]
    return Probe(
        reachable=bool(infos),
        version=", ".join(versions) or None,
        models=tuple(models.values()),
        problems=tuple(
            Problem(message=answer.message, remedy=answer.remedy)
            for answer in answers
            if isinstance(answer, BenchraceError)
        ),
        startable=tuple(
            _startable(server)
            for server, answer in zip(servers, answers, strict=True)
            if server.launch.configured
            and isinstance(answer, BenchraceError)
            and answer.category is Category.UNREACHABLE
        ),
        started=await operations.started_here(up, context),
    )


async def _described(info: ServerInfo, model: Listed, server: Server, context: Context) -> Model:
    """Describe a model, with what its file says where that is on this machine."""
    reported = described(info, model)
    path = None if info.props is None else info.props.model_path
    # A relative path is the server's, and may be another file here.
    if path is None or not path.endswith(".gguf") or not Path(path).is_absolute():
        return reported
    if (await whereabouts(server.root, context)).elsewhere is not None:
        return reported
    return await context.run_blocking(lambda: describe_weights(Path(path), reported))


def _startable(server: Server) -> Startable:
    """Return how a lane selects a stopped server; its command may name the model."""
    named = {"server": server.name} if server.name else {}
    alias = alias_of(server.launch.command)
    return Startable(name=alias or server.label, params=named | ({"model": alias} if alias else {}))


def alias_of(command: Sequence[str]) -> str:
    """Return the name that a command gives the model it serves, empty where it gives none."""
    short = any(word.endswith(_LLAMA_SERVER) for word in command)
    for word, following in zip_longest(command, command[1:], fillvalue=""):
        flag, equals, value = word.partition("=")
        if flag in _ALIAS and (short or flag != "-a"):
            # llama-server takes several names, separated by commas; the first one is the model's.
            return (value if equals else following).partition(",")[0]
    return ""


async def _identify_all(
    servers: Sequence[Server], context: Context
) -> list[ServerInfo | BenchraceError]:
    """Identify all servers at once, so that one that hangs does not delay the others."""
    answers: dict[str, ServerInfo | BenchraceError] = {}

    async def identify(server: Server) -> None:
        try:
            client = OpenAIClient(server, context, timeout_s=_LIMIT_S)
            answers[server.label] = await client.identify()
        except BenchraceError as error:
            answers[server.label] = error

    async with anyio.create_task_group() as tasks:
        for server in servers:
            tasks.start_soon(identify, server)
    return [answers[server.label] for server in servers]
