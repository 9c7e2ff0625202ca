"""Workers that are forked from a process with their imports; see `tests/forked.py`."""

import os
import site
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection

from benchrace.testing import job
from tests.forked import Forked, can_fork

PATH = "PYTHONPATH"
_start_anew = job.start_worker


class ForkedWorker(Forked):
    """One with the part of `subprocess.Popen` that `benchrace.testing.Worker` uses."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        reader, writer = os.pipe()
        self.stdin = os.fdopen(writer, "wb")
        out, out_writer = os.pipe()
        self.stdout = os.fdopen(out, "rb")
        errors, errors_writer = os.pipe()
        self.stderr = os.fdopen(errors, "rb")
        try:
            with Connection(reader) as stdin:
                super().__init__(_work, stdin, environment, out_writer, errors_writer)
        finally:
            os.close(out_writer)
            os.close(errors_writer)


def start_worker(environment: Mapping[str, str]) -> "ForkedWorker | subprocess.Popen[bytes]":
    """Fork a worker; its modules are also found in the folders of its PYTHONPATH."""
    if can_fork({name: text for name, text in environment.items() if name != PATH}):
        return ForkedWorker(environment)
    return _start_anew(environment)


def _work(stdin: Connection) -> None:
    """Be a worker: with the same streams and the same group as one that is started anew."""
    os.setsid()
    os.dup2(stdin.fileno(), 0)
    stdin.close()
    for folder in filter(None, os.environ.get(PATH, "").split(os.pathsep)):
        site.addsitedir(folder)
    from benchrace.worker.__main__ import main

    code = main()
    sys.stderr.flush()
    os._exit(code)
