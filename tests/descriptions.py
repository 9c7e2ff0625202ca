"""Descriptions of the installed plugins, made once for the agents that one test process starts.

An agent whose data folder is empty starts a worker for each plugin, to describe it. Where a test is
about something else, its agent finds the descriptions there, as at its second start.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = "cache"


@functools.cache
def _described() -> Path:
    """Describe the plugins, and return the folder of the results.

    What could not be described in time, each agent describes itself.
    """
    data = Path(tempfile.mkdtemp(prefix="described-"))
    own = {name: text for name, text in os.environ.items() if not name.startswith("BENCHRACE_")}
    subprocess.run(
        [sys.executable, "-m", "benchrace.cli", "plugins"],
        env={**own, "BENCHRACE_DATA_DIR": str(data), "BENCHRACE_CONFIG_DIR": str(data)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return data / CACHE


def lay_out(data: Path) -> None:
    """Write the descriptions into a data folder, as an agent's first start does."""
    shutil.copytree(_described(), data / CACHE, dirs_exist_ok=True)
