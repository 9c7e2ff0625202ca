"""Run a central as a process of its own, for tests: data folder, port, and limits as JSON.

It prints its address as the first line.
"""

import logging
import os
import sys
from pathlib import Path

import anyio
import msgspec

from benchrace.central.server import serve
from benchrace.central.settings import CentralSettings, Limits
from benchrace.worker.parent import die_with_parent
from tests.central.offer import TOKEN

QUICK = Limits(retry_s=0.05, ack_s=0.02, tick_s=0.05)


def ready(url: str) -> None:
    sys.stdout.write(url + "\n")
    sys.stdout.flush()


async def main(data: Path, port: int, limits: Limits) -> None:
    settings = CentralSettings(data=data, port=port, token=TOKEN, limits=limits)
    await serve(settings, ready=ready)


if __name__ == "__main__":
    # Tests that are killed clean nothing up.
    die_with_parent(os.getppid())
    logging.basicConfig(level=logging.INFO)
    limits = msgspec.json.decode(sys.argv[3], type=Limits) if len(sys.argv) > 3 else QUICK
    anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]), limits)
