"""Run an agent as a process of its own, for tests: the settings come as JSON on the command line.

`RECORDED_MACHINE` names a recording that is the machine in place of this one.
`serve(settings)` prints its address as the first line; a failure is one line and status 1.
"""

import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio
import msgspec

from benchrace.agent.server import serve
from benchrace.agent.settings import AgentSettings
from benchrace.compat.agent import install
from benchrace.compat.envelope.callbacks import FORMS
from benchrace.errors import BenchraceError
from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.recorded import open_recorded
from benchrace.worker.parent import die_with_parent


async def main(settings: AgentSettings) -> None:
    def ready(url: str) -> None:
        sys.stdout.write(url + "\n")
        sys.stdout.flush()

    await serve(settings, extend=install, forms=FORMS, ready=ready)


def as_path(kind: type, value: Any) -> Any:
    return Path(value) if kind is Path else value


def run(options: str) -> None:
    """Run an agent with these settings, until it is told to stop."""
    # Tests that are killed clean nothing up.
    die_with_parent(os.getppid())
    if machine := os.environ.get("RECORDED_MACHINE"):
        recorded = open_recorded(Path(machine), Path(tempfile.mkdtemp()))
        Root.live = lambda: recorded  # type: ignore[method-assign]
    logging.basicConfig(level=logging.INFO)
    try:
        settings = msgspec.json.decode(options, type=AgentSettings, dec_hook=as_path)
        anyio.run(main, settings)
    except BenchraceError as error:
        sys.stderr.write(f"{error.message} {error.remedy}\n")
        sys.exit(1)


if __name__ == "__main__":
    run(sys.argv[1])
