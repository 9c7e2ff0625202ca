"""Unload models, and wait until murmur is done with something."""

from collections.abc import Awaitable, Callable

import anyio

from benchrace.plugin import BenchraceError, Category
from benchrace_murmur.client import MurmurClient

_GONE_S = 60.0
_EVERY_S = 0.05


async def unload(client: MurmurClient, model: str) -> None:
    """Unload a model and wait until its memory is free."""

    async def gone() -> bool:
        return model not in await client.resident()

    await client.unload(model)
    if not await within(_GONE_S, gone):
        text = f"murmur did not unload {model} within {_GONE_S:g} s"
        raise BenchraceError(Category.BUSY, text, "Wait for its other clients, or restart it.")


async def within(limit_s: float, condition: Callable[[], Awaitable[bool]]) -> bool:
    """Poll until the condition is true, for `limit_s` at most."""
    with anyio.move_on_after(limit_s):
        while True:
            if await condition():
                return True
            await anyio.sleep(_EVERY_S)
    return False
