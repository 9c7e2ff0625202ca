"""Descriptions of the installed plugins, made once for the agents that one test process starts.

An agent whose data folder is empty starts a worker for each plugin, to describe it. Where a test is
about something else, its agent finds the descriptions there, as at its second start.
"""

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchrace import permissions
from benchrace.testing.limits import HANG_S

CACHE = "cache"


@functools.cache
def _described() -> Path:
    """Describe the plugins, and return the folder of the results, which ends with this process.

    What could not be described in time, each agent describes itself.
    """
    data = Path(tempfile.mkdtemp(prefix="described-"))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    own = {name: text for name, text in os.environ.items() if not name.startswith("BENCHRACE_")}
    done = subprocess.run(
        [sys.executable, "-m", "benchrace.cli", "plugins"],
        env={**own, "BENCHRACE_DATA_DIR": str(data), "BENCHRACE_CONFIG_DIR": str(data)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    cache = data / CACHE
    if not cache.is_dir():
        raise RuntimeError(f"`benchrace plugins` described nothing:\n{done.stderr}")
    return cache


def lay_out(data: Path) -> None:
    """Write the descriptions into a data folder, as an agent's first start does."""
    permissions.make_folder(data)
    shutil.copytree(_described(), data / CACHE, dirs_exist_ok=True)
