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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio

from benchrace import permissions
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.plugins import Plugins
from benchrace.testing.limits import HANG_S

CACHE = "cache"
DESCRIBED = "describe"


@functools.cache
def _described() -> Path:
    """Describe the plugins, and return the folder of the results, which ends with this process.

    What could not be described in time, each agent describes itself.
    """
    data = _folder()
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


@functools.cache
def _described_by(worker: tuple[str, ...]) -> Path:
    """Describe the plugins by a worker of the tests, and return the folder of the results."""
    cache = _folder() / CACHE
    plugins = Plugins(cache / DESCRIBED, worker, Slot("m", None))

    def describe() -> None:
        anyio.run(plugins.once)

    # A test may have an event loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(describe).result()
    return cache


def _folder() -> Path:
    """Return a new folder, which ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="described-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def lay_out(data: Path, worker: tuple[str, ...] | None = None) -> None:
    """Write the descriptions into a data folder, as an agent's first start does.

    They are those of benchrace's own worker, or of a `worker` of the tests.
    """
    permissions.make_folder(data)
    cache = _described() if worker is None else _described_by(worker)
    shutil.copytree(cache, data / CACHE, dirs_exist_ok=True)
