"""Select the server of a lane."""

from collections.abc import Sequence

from benchrace.plugin import BenchraceError, Context
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Server


async def choose(
    servers: Sequence[Server], name: str, model: str, context: Context
) -> Server | None:
    """Return the server of that name; without a name, the first that has `model`, else the first.

    Servers that do not answer are skipped here; the next request reports why.
    """
    if name:
        return next((server for server in servers if server.name == name), None)
    if model and len(servers) > 1:
        for server in servers:
            if await _has(server, model, context):
                return server
    return servers[0] if servers else None


async def _has(server: Server, model: str, context: Context) -> bool:
    try:
        return (await OpenAIClient(server, context).identify()).model(model) is not None
    except BenchraceError:
        return False
