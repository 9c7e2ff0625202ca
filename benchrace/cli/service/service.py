"""Background services: start, find and stop one, and read its log."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic, service_log
from benchrace.store.journal import is_held

if TYPE_CHECKING:
    import subprocess

_START_S = 30.0
_STOP_S = 10.0


class Record(msgspec.Struct, frozen=True):
    """The record that a service writes once it listens; `certificate` is its own, in PEM.

    A `temporary` one belongs to a command, and ends with it.
    """

    url: str
    pid: int
    instance: str
    version: str
    certificate: str | None = None
    temporary: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `status --json`; `pid` is null while nothing runs."""

    component: str
    running: bool
    pid: int | None
    info: dict[str, Any]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One component's files: its record, the lock that it holds while it lives, and its log.

    `machine_id` is null for a central.
    """

    component: str
    data: Path
    machine_id: str | None = None
    record: Path
    lock: Path
    log: Path

    def running(self) -> Record | None:
        """Return the record of the running process, None where none runs."""
        if not is_held(self.lock):
            return None
        try:
            return structs.decode(self.record.read_bytes(), Record)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        except OSError as error:
            raise atomic.failure(self.record, error) from error

    def status(self) -> Status:
        """Return whether it is running, and where."""
        record = self.running()
        if record is None:
            return Status(component=self.component, running=False, pid=None, info={})
        info = {"url": record.url, "version": record.version, "log": str(self.log)}
        return Status(component=self.component, running=True, pid=record.pid, info=info)

    def start(
        self,
        arguments: Sequence[str],
        token: str | None = None,
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Status:
        """Start it in the background and wait until it listens.

        A token goes through a pipe, so that it is in no command line and no environment. Without
        `cwd` and `env`, it gets those of this process.
        """
        if self.running():
            return self.status()
        spawn = partial(self.spawn, cwd=cwd, env=env)
        process = _with_token(spawn, token, arguments) if token else spawn(arguments)
        if self.wait(process) is None:
            failure = self.start_failure(process.poll())
            # One that is too late must not come up after it was reported as failed.
            _end(process)
            raise failure
        return self.status()

    def spawn(
        self,
        arguments: Sequence[str],
        *,
        pass_fds: Sequence[int] = (),
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start the process with its output in the log."""
        import subprocess  # Most commands only look for one that runs.

        try:
            log = service_log.open_log(self.log)
        except OSError as error:
            raise atomic.failure(self.log, error) from error
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "benchrace.cli", *arguments, "--log-file", str(self.log)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for us: we end our children in order.
                start_new_session=True,
                pass_fds=tuple(pass_fds),
                cwd=cwd,
                env=env,
            )

    def wait(self, process: "subprocess.Popen[bytes]") -> Record | None:
        """Wait until `process` listens; None where it ended, or took too long."""
        until = time.monotonic() + _START_S
        while time.monotonic() < until and process.poll() is None:
            record = self.running()
            if record is not None and record.pid == process.pid:
                return record
            time.sleep(0.02)
        return None

    def wait_for_record(self) -> Record | None:
        """Wait until a process that something else has started listens; None after 30 s."""
        until = time.monotonic() + _START_S
        while (record := self.running()) is None and time.monotonic() < until:
            time.sleep(0.05)
        return record

    def stop(self) -> bool:
        """Stop it, by force after 10 s; return false where nothing ran."""
        record = self.running()
        if record is None:
            return False
        for sent, patience in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
            try:
                os.kill(record.pid, sent)
            except ProcessLookupError:
                return True
            until = time.monotonic() + patience
            while time.monotonic() < until:
                if not is_held(self.lock):
                    return True
                time.sleep(0.02)
        raise BenchraceError(
            Category.SYSTEM,
            f"{self.component} (process {record.pid}) did not stop",
            "Check what blocks it in the kernel, such as a stuck disk or a GPU driver.",
        )

    def start_failure(self, code: int | None) -> BenchraceError:
        """Return why it did not start, with the end of its log."""
        tail = _last_failure(last_lines(self.log, 3))
        lines = (line.removeprefix("benchrace: ").strip().rstrip(".") for line in tail)
        words = ". ".join(line for line in lines if line)
        what = "did not start in time" if code is None else f"exited with code {code}"
        return BenchraceError(
            Category.SYSTEM, f"{self.component} {what}: {words}", f"See its log: {self.log}"
        )


def _with_token(
    spawn: "Callable[..., subprocess.Popen[bytes]]", token: str, arguments: Sequence[str]
) -> "subprocess.Popen[bytes]":
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(token.encode() + b"\n")
        return spawn([*arguments, "--token-fd", str(reading)], pass_fds=(reading,))
    finally:
        os.close(reading)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process, by force after 10 s: it may have children of its own to end."""
    import subprocess

    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def central_service(data: Path) -> Service:
    """Return the central service of a data folder; there is at most one."""
    return Service(
        component="central",
        data=data,
        record=data / "central.json",
        lock=data / "central.lock",
        log=data / "logs" / "central.log",
    )


def agent_service(data: Path, machine_id: str) -> Service:
    """Return the agent service of a machine in a data folder."""
    return Service(
        component="agent",
        data=data,
        machine_id=machine_id,
        record=data / "agents" / f"{machine_id}.json",
        lock=data / "agents" / f"{machine_id}.lock",
        log=data / "logs" / f"agent-{machine_id}.log",
    )


def _last_failure(lines: list[str]) -> list[str]:
    """Return the lines from the last error on, or all where there is none."""
    began = [at for at, line in enumerate(lines) if line.startswith("benchrace: ")]
    return lines[began[-1] :] if began else lines


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log, at most 64 KiB; none if the file is missing."""
    try:
        data, _ = service_log.read_end(path, 1 << 16)
    except FileNotFoundError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-count:] if count else []
