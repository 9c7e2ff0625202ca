"""A program of llama.cpp in a process group of its own, which ends with this process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from benchrace.plugin import engine_log_dir
from benchrace_llamacpp import guard
from benchrace_llamacpp.errors import system

_TERM_S = 3.0
_KILL_S = 5.0
_LOOK_S = 0.01
_TAIL_BYTES = 4096
# An aborting program would first run a debugger where one is installed.
_ENVIRONMENT = {"GGML_NO_BACKTRACE": "1"}
# Arguments and a key that the programs would take from the agent's environment.
_ARGUMENTS = ("LLAMA_ARG_", "LLAMA_API_KEY")
_GUARD = str(Path(guard.__file__))


class GuardedProcess:
    """One run of a program; its output goes to `log`, beside which that of the run before stays.

    Methods block, except `status`.
    """

    def __init__(
        self, words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.words = tuple(words)
        self.log = log
        try:
            self._process = self._started(environment or {})
        except OSError as error:
            raise system(
                f"cannot start {self.words[0]}: {error.strerror or error}",
                "Correct the program in the table `llamacpp` of agent.yaml.",
            ) from error

    @property
    def pid(self) -> int:
        """The leader of the process group."""
        return self._process.pid

    def status(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self._process.poll()

    def program(self) -> psutil.Process | None:
        """Return the program's own process, None if it is gone."""
        try:
            children = psutil.Process(self.pid).children()
        except psutil.Error:
            return None
        return children[0] if children else None

    def suspended(self) -> bool:
        """Check whether the program was stopped by a signal and so does nothing."""
        program = self.program()
        try:
            return program is not None and program.status() == psutil.STATUS_STOPPED
        except psutil.Error:
            return False

    def stop(self) -> None:
        """End the whole group: by TERM, then by KILL; return when it is gone."""
        if self._process.poll() is None:
            _signal(self.pid, signal.SIGTERM)
            try:
                self._process.wait(_TERM_S)
            except subprocess.TimeoutExpired:
                self.kill()
        # A program may leave children of its own.
        _signal(self.pid, signal.SIGKILL)
        self._close()

    def kill(self) -> None:
        """End the whole group by KILL; return when it is gone."""
        program = self.program()
        _signal(self.pid, signal.SIGKILL)
        self._process.wait()
        if program is not None:
            # Not a child of this process: its memory and port are free only once it has exited.
            until = time.monotonic() + _KILL_S
            while is_running(program) and time.monotonic() < until:
                time.sleep(_LOOK_S)
        self._close()

    def tail(self) -> str:
        """Return the last lines of the log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
                return file.read(_TAIL_BYTES).decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def text(self, limit: int = 4 << 20) -> str:
        """Return the log from its beginning, up to `limit` bytes."""
        try:
            with self.log.open("rb") as file:
                return file.read(limit).decode("utf-8", "replace")
        except OSError:
            return ""

    def _started(self, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".old.log"))
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", _GUARD, *self.words],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**_inherited(), **_ENVIRONMENT, **environment},
                start_new_session=True,
                restore_signals=False,
            )
        finally:
            os.close(output)

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_ARGUMENTS)}


def is_running(process: psutil.Process) -> bool:
    """Check whether a process still runs; a zombie has freed its memory and its ports.

    A main thread that has exited is a zombie as well while other threads of the process still exit.
    """
    try:
        is_zombie = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() == 1
        return process.is_running() and not is_zombie
    except psutil.Error:
        return False


def log_path(name: str) -> Path:
    """Return where a program's log goes."""
    return engine_log_dir() / f"{name}.log"


def is_guarded(pid: int) -> bool:
    """Check whether a process was started by this plugin, maybe in another process."""
    try:
        parent = psutil.Process(pid).parent()
        return parent is not None and _GUARD in parent.cmdline()
    except psutil.Error:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
