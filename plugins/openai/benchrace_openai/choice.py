"""Which of the servers a lane means."""

from collections.abc import Sequence

from benchrace.plugin import BenchraceError, Context
from benchrace_openai.calls import Calls
from benchrace_openai.settings import Server


async def choose(
    servers: Sequence[Server], name: str, model: str, context: Context
) -> Server | None:
    """Give the server of that name; with none, the first that has `model`, else the first.

    One that does not answer is passed over here: whoever asks it next says why.
    """
    if name:
        return next((each for each in servers if each.name == name), None)
    if model and len(servers) > 1:
        for each in servers:
            if await _has(each, model, context):
                return each
    return servers[0] if servers else None


async def _has(server: Server, model: str, context: Context) -> bool:
    try:
        return (await Calls(server, context).find()).model(model) is not None
    except BenchraceError:
        return False
