"""Fork the tests' servers from a process that has already imported them.

Importing a server takes longer than most tests do. If the environment has variables that take
effect when a program is loaded (LD_PRELOAD, PYTHONPATH), a new program is started instead.
"""

import functools
import inspect
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.util import get_temp_dir
from typing import Any

from benchrace.testing.limits import HANG_S
from benchrace.worker.parent import die_with_parent

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])


def _of_the_loader(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that take effect when a program is loaded."""
    return {
        name: value for name, value in environment.items() if name.startswith(("LD_", "PYTHON"))
    }


_OURS = _of_the_loader(os.environ)


def can_fork(environment: Mapping[str, str]) -> bool:
    """Check whether a process with these variables can be forked."""
    return _of_the_loader(environment) == _OURS


@functools.cache
def _use_short_paths() -> None:
    """Put the socket of the process that forks into /tmp: its path may have 100 characters."""
    before, tempfile.tempdir = tempfile.tempdir, "/tmp"
    try:
        get_temp_dir()
    finally:
        tempfile.tempdir = before


class Forked:
    """A process that runs `target(argument)`, with the part of `subprocess.Popen` that tests use.

    `out` and `errors` are open files, which become its standard output and standard error.
    """

    def __init__(
        self,
        target: Callable[[Any], None],
        argument: object,
        environment: Mapping[str, str],
        out: int,
        errors: int,
    ) -> None:
        _use_short_paths()
        with Connection(os.dup(out)) as stdout, Connection(os.dup(errors)) as stderr:
            self._process = _CONTEXT.Process(
                target=_run,
                args=(target, argument, dict(environment), stdout, stderr),
                # A server that a test leaves running must not keep the test process alive.
                daemon=True,
            )
            self._process.start()
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
            # The process that forks may have learnt of its end first.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkedWithPipe(Forked):
    """One whose standard output is a pipe; its standard error can be read once it has ended."""

    def __init__(
        self, target: Callable[[Any], None], argument: object, environment: Mapping[str, str]
    ) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        reader, writer = os.pipe()
        try:
            super().__init__(target, argument, environment, writer, self._errors.fileno())
        finally:
            os.close(writer)
            self.stdout = os.fdopen(reader)

    def communicate(self, timeout: float = HANG_S) -> tuple[str, str]:
        """Return the rest of its output and all its errors, once it has ended."""
        self.wait(timeout)
        if not self.stdout.closed:
            with self.stdout, self._errors:
                self._errors.seek(0)
                self._rest = self.stdout.read(), self._errors.read()
        return self._rest


Process = ForkedWithPipe | subprocess.Popen[str]


def start(
    target: Callable[[str], None], argument: str, environment: Mapping[str, str] | None = None
) -> Process:
    """Start a process that runs `target(argument)`, the function of a module that is a program."""
    environment = os.environ if environment is None else environment
    if can_fork(environment):
        return ForkedWithPipe(target, argument, environment)
    return subprocess.Popen(
        [sys.executable, inspect.getfile(target), argument],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def benchrace(arguments: Sequence[str]) -> None:
    """Run a command of benchrace, as its program does."""
    from benchrace.cli.main import main

    # A service that restarts itself reads its arguments there.
    sys.argv[1:] = arguments
    main()


def _run(
    target: Callable[[Any], None],
    argument: object,
    environment: dict[str, str],
    out: Connection,
    errors: Connection,
) -> None:
    # A killed test process cleans nothing up.
    die_with_parent(os.getppid())
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    for stream, there in ((sys.stdout, out), (sys.stderr, errors)):
        os.dup2(there.fileno(), stream.fileno())
        there.close()
    target(argument)
