"""Take prompts off a server, and prove that it no longer works on them."""

import hashlib
import uuid
from collections.abc import Callable

import anyio

from benchrace.plugin import BenchraceError, Context
from benchrace_comfyui.client import ComfyClient, NotRunning, Queued

_EVERY_S = 0.05
_HISTORY_S = 0.3


def agent_mark(context: Context) -> str:
    """Return what the IDs of this agent's clients begin with, before and after its restart."""
    return f"benchrace-{hashlib.sha256(context.agent_id.encode()).hexdigest()[:12]}-"


def client_id(context: Context) -> str:
    """Return a new ID for a client."""
    return f"{agent_mark(context)}{uuid.uuid4()}"


async def withdraw(
    client: ComfyClient, prompt_id: str, own_id: str, limit_s: float, *, answered: bool
) -> bool:
    """Delete or interrupt a prompt; return whether the server is rid of it within the limit.

    `own_id` is the client of this prompt alone: a server may have given it another ID. Unless the
    server has `answered` the request, it may queue the prompt later: it is watched until it has it.
    One that runs something else is not interrupted: older versions interrupt whatever runs.
    """

    def own(queued: Queued) -> bool:
        return queued.prompt_id == prompt_id or queued.client_id == own_id

    if await _withdraw(client, own, limit_s, seen=answered):
        return True
    return not answered and await _is_over(client, prompt_id)


async def withdraw_all(client: ComfyClient, context: Context, limit_s: float) -> bool:
    """Withdraw what earlier jobs of this agent have left; return whether nothing is left."""
    mark = agent_mark(context)
    return await _withdraw(
        client, lambda queued: queued.client_id.startswith(mark), limit_s, seen=True
    )


async def _withdraw(
    client: ComfyClient, own: Callable[[Queued], bool], limit_s: float, *, seen: bool
) -> bool:
    with anyio.move_on_after(limit_s):
        while True:
            try:
                left = (await client.queue(limit_s=limit_s)).only(own)
                for queued in left.pending:
                    await client.delete(queued.prompt_id)
                for queued in left.running:
                    await client.interrupt(queued.prompt_id)
                if seen and not any(left):
                    return True
                seen = seen or any(left)
            except NotRunning:
                return True
            except BenchraceError:
                # Only a refused connection proves that nothing is left; others may pass.
                pass
            await anyio.sleep(_EVERY_S)
    return False


async def _is_over(client: ComfyClient, prompt_id: str) -> bool:
    """Check whether a prompt that was never seen in the queue has run nevertheless."""
    try:
        return await client.history(prompt_id, limit_s=_HISTORY_S) is not None
    except BenchraceError:
        return False
