"""Run a central as a process of its own, for tests: the options come as JSON.

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


class Options(msgspec.Struct, kw_only=True):
    data: str
    port: int
    limits: Limits = QUICK


def ready(url: str) -> None:
    sys.stdout.write(url + "\n")
    sys.stdout.flush()


async def main(data: Path, port: int, limits: Limits) -> None:
    settings = CentralSettings(data=data, port=port, token=TOKEN, limits=limits)
    await serve(settings, ready=ready)


def run(options: str) -> None:
    """Run a central with these options, until it is told to stop."""
    # Tests that are killed clean nothing up.
    die_with_parent(os.getppid())
    logging.basicConfig(level=logging.INFO)
    chosen = msgspec.json.decode(options, type=Options)
    anyio.run(main, Path(chosen.data), chosen.port, chosen.limits)


if __name__ == "__main__":
    run(sys.argv[1])
