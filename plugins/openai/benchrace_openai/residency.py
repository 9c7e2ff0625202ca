"""Letting go of models: by a router's API, or by stopping a server that can be started again."""

from collections.abc import Sequence

from benchrace.plugin import BenchraceError, Category, Context, NotOffered
from benchrace_openai import loading
from benchrace_openai.calls import Calls, Found
from benchrace_openai.settings import Server

_AWAY = (Category.UNREACHABLE, Category.TIMEOUT_CONNECT)


async def release(
    servers: Sequence[Server], keep: Server | None, model: str, context: Context
) -> list[str]:
    """Free what servers hold, but for `model` of `keep`; gives what stays, in words."""
    stayed: list[str] = []
    for server in servers:
        calls = Calls(server, context)
        try:
            found = await calls.find()
            await _free(calls, found, model if server is keep else None, context)
        except NotOffered:
            stayed.append(f"{server.label} (it cannot unload, and has no `launch` to stop it by)")
        except BenchraceError as error:
            if error.category not in _AWAY:
                stayed.append(f"{server.label}: {error.message}")
    return stayed


async def _free(calls: Calls, found: Found, keep: str | None, context: Context) -> None:
    """Free one server's memory; one that keeps its only model is left alone."""
    if found.router:
        for each in found.models:
            loaded = each.status is not None and each.status.value == "loaded"
            if loaded and not (keep is not None and each.called(keep)):
                await loading.forget(calls, each.id, context)
    elif keep is None and found.models:
        await loading.forget(calls, found.models[0].id, context)
