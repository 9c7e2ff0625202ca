"""A process that is started while its task is cancelled belongs to its caller."""

import sys

import anyio

from benchrace.processes import start_process


async def test_a_cancel_takes_effect_once_the_process_has_started() -> None:
    ended = None
    with anyio.CancelScope() as scope:
        scope.cancel()
        process = await start_process([sys.executable, "-c", "pass"])
        try:
            await anyio.lowlevel.checkpoint()
        finally:
            with anyio.CancelScope(shield=True):
                ended = await process.wait()
                await process.aclose()
    assert scope.cancelled_caught
    assert ended == 0
