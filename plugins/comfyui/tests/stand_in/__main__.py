"""Start it: `python -m stand_in [--port 0] [--version 0.33.0]`, beside this folder.

It prints its port. SIGTERM ends it, SIGKILL and SIGSTOP do what they do to any server.
"""

import argparse
import asyncio
import signal

import anyio

from .engine import Engine
from .routes import answer
from .wire import serve


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--version", default="0.33.0")
    args = parser.parse_args()
    engine = Engine(args.version)
    async with anyio.create_task_group() as tasks:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, tasks.cancel_scope.cancel)
        tasks.start_soon(engine.work)
        server, port = await serve(args.port, lambda peer, request: answer(engine, peer, request))
        print(port, flush=True)
        async with server:
            await anyio.sleep_forever()


asyncio.run(main())
