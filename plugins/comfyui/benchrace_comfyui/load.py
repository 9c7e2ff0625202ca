"""Free what a server has in memory, and wait until it is idle."""

import anyio

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    EngineProcess,
    Launch,
    answers_at,
)
from benchrace_comfyui.client import ComfyClient

# The end of a job allows 30 s, of which a request may take 10.
_IDLE_S = 15.0
# Freeing begins within milliseconds on an idle server, and nothing shows when it is done.
_FREEING_S = 0.5
_EVERY_S = 0.05


def process(client: ComfyClient, launch: Launch, context: Context) -> EngineProcess:
    """Return ComfyUI's process, as it is configured to be started and stopped."""

    async def answers() -> bool:
        return await answers_at(context, f"{client.base}/system_stats")

    return EngineProcess("comfyui", launch, context, answers)


async def ready(client: ComfyClient, launch: Launch, context: Context) -> None:
    """Ensure that ComfyUI runs, if the agent may start it; raises `unreachable`."""
    if not launch.configured:
        return
    result = await process(client, launch, context).provide()
    if result is not None and not result.ok:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"ComfyUI did not start: {'; '.join(result.notes)}",
            "Correct `launch` in the table `comfyui` of agent.yaml.",
        )


async def free(client: ComfyClient) -> None:
    """Unload all models and drop all cached nodes; raises `busy` if other prompts go on."""
    await client.free()
    await require_idle(client, _IDLE_S)
    await anyio.sleep(_FREEING_S)


async def require_idle(client: ComfyClient, limit_s: float) -> None:
    """Wait until no prompt runs or waits; raises `busy` if that takes longer."""
    with anyio.move_on_after(limit_s):
        while (await client.queue()).ids:  # noqa: ASYNC110 - the server tells by no event
            await anyio.sleep(_EVERY_S)
        return
    raise BenchraceError(
        Category.BUSY,
        f"ComfyUI still runs prompts of other clients after {limit_s:g} s",
        "Wait for them, or clear its queue, and run this again.",
    )
