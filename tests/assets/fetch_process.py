"""Fetch one file in a process of its own: `python -m tests.assets.fetch_process ROOT URL`.

Each step and line, and the end, is a line of JSON on standard output.
"""

import json
import sys
from pathlib import Path
from typing import Any

import anyio

from benchrace.assets import partial
from benchrace.assets.library import Library, Report
from benchrace.errors import BenchraceError
from benchrace.plugin.assets import Asset
from tests.assets.machine import Machine


def write(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def main(root: str, url: str) -> None:
    # Less than a test sends.
    partial.SYNC_BYTES = 1 << 20
    machine = Machine(Path(root))
    report = Report(lambda done, total, _: write(done=done), lambda line: write(line=line))
    library = Library(machine.store, machine.source, report, pause_s=0)
    try:
        stored = await library.fetch(Asset(name="model.safetensors", url=url))
    except BenchraceError as error:
        write(category=error.category, message=error.message, remedy=error.remedy)
    else:
        write(sha256=stored.sha256)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
