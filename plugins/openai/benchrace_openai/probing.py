"""What the servers of a machine say of themselves, all of them asked at once."""

from collections.abc import Sequence

import anyio

from benchrace.plugin import BenchraceError, Context, Probe, Problem
from benchrace_openai import operations
from benchrace_openai.calls import Calls, Found
from benchrace_openai.facts import described
from benchrace_openai.settings import Server

_LIMIT_S = 4.0


async def probe(servers: Sequence[Server], context: Context) -> Probe:
    """Ask them; one that is silent is a problem, and hides no other."""
    answers = await _asked(servers, context)
    found = [each for each in answers if isinstance(each, Found)]
    versions = dict.fromkeys(f"{each.engine} {each.version}" for each in found if each.version)
    models = {model.id: described(each, model) for each in found for model in each.models}
    up = [
        Calls(server, context)
        for server, answer in zip(servers, answers, strict=True)
        if server.launch.known and (isinstance(answer, Found) or not server.launch.command)
    ]
    return Probe(
        reachable=bool(found),
        version=", ".join(versions) or None,
        models=tuple(models.values()),
        problems=tuple(each for each in answers if isinstance(each, Problem)),
        started=await operations.started_here(up, context),
    )


async def _asked(every: Sequence[Server], context: Context) -> list[Found | Problem]:
    """Ask all servers at once, so that one that hangs costs the others nothing."""
    answers: dict[str, Found | Problem] = {}

    async def ask(server: Server) -> None:
        try:
            calls = Calls(server, context, timeout_s=_LIMIT_S)
            answers[server.label] = await calls.find()
        except BenchraceError as error:
            answers[server.label] = Problem(message=error.message, remedy=error.remedy)

    async with anyio.create_task_group() as tasks:
        for server in every:
            tasks.start_soon(ask, server)
    return [answers[server.label] for server in every]
