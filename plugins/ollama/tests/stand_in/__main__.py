"""Start it: `python -m stand_in [--port 0] [--version 0.33.0-rc2] [--runner]`, beside this folder.

It prints its port. SIGTERM and SIGINT end it and its runners, SIGKILL leaves these behind.
"""

import argparse
import asyncio
import signal

from .engine import Engine
from .routes import answer
from .wire import serve


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--version", default="0.33.0-rc2")
    parser.add_argument("--runner", action="store_true")
    args = parser.parse_args()
    engine = Engine(args.version, runner=args.runner)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server, port = await serve(args.port, lambda peer, request: answer(engine, peer, request))
    print(port, flush=True)
    await ended.wait()
    server.close()
    engine.end()


asyncio.run(main())
