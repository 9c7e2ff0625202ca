"""Wait for the end of a fleet."""

import os
import signal

import anyio


async def signalled() -> None:
    """Return on SIGTERM or SIGINT."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            return


async def unused() -> None:
    """Return on a signal, and where standard input ends, since its writer is then gone."""
    async with anyio.create_task_group() as tasks:

        async def either() -> None:
            await signalled()
            tasks.cancel_scope.cancel()

        tasks.start_soon(either)
        await anyio.wait_readable(0)
        while await anyio.to_thread.run_sync(os.read, 0, 4096):
            await anyio.wait_readable(0)
        tasks.cancel_scope.cancel()
