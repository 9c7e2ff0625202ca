"""Servers of the tests, started by fork from a process that has imported them once.

What a server imports takes longer than what most tests ask of it. Environment variables that act
when a program is loaded (LD_PRELOAD, PYTHONPATH) need a program of its own instead.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection

from benchrace.testing.limits import HANG_S

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.agent.start_agent", "benchrace.agent.api.routes"])


def _of_the_loader(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that act when a program is loaded."""
    return {
        name: value for name, value in environment.items() if name.startswith(("LD_", "PYTHON"))
    }


_HERE = _of_the_loader(os.environ)


def can_fork(environment: Mapping[str, str]) -> bool:
    """Check whether a process with these variables needs no program of its own."""
    return _of_the_loader(environment) == _HERE


class Forked:
    """A process that runs `target(argument)`, with what the tests use of `subprocess.Popen`.

    It has a pipe as its standard output, and a file for what it reports as errors.
    """

    def __init__(
        self, target: Callable[[str], None], argument: str, environment: Mapping[str, str]
    ) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        reader, writer = _CONTEXT.Pipe(duplex=False)
        with reader, writer:
            errors = Connection(os.dup(self._errors.fileno()))
            with errors:
                self._process = _CONTEXT.Process(
                    target=_run, args=(target, argument, dict(environment), writer, errors)
                )
                self._process.start()
            self.stdout = os.fdopen(os.dup(reader.fileno()))
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float = HANG_S) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = HANG_S) -> tuple[str, str]:
        """Return the rest of its output and all its errors, once it has ended."""
        self.wait(timeout)
        if not self.stdout.closed:
            with self.stdout, self._errors:
                self._errors.seek(0)
                self._rest = self.stdout.read(), self._errors.read()
        return self._rest


def _run(
    target: Callable[[str], None],
    argument: str,
    environment: dict[str, str],
    out: Connection,
    errors: Connection,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    for stream, there in ((sys.stdout, out), (sys.stderr, errors)):
        os.dup2(there.fileno(), stream.fileno())
        there.close()
    target(argument)
