"""Run the commands that start and stop engines, without a shell and with a time limit."""

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from benchrace import permissions
from benchrace.errors import BenchraceError, Category
from benchrace.processes import start_process

if TYPE_CHECKING:
    from anyio.abc import ByteReceiveStream

TAIL_BYTES = 4096


class CommandResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a command; `status` is null if it was killed for taking too long."""

    command: str
    status: int | None
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    def reason(self) -> str:
        """Return how it failed, with its last line of output."""
        how = "timed out" if self.status is None else f"exited with status {self.status}"
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return f"`{self.command}` {how}" + (f": {lines[-1][:300]}" if lines else "")


class DetachedProcess(subprocess.Popen[bytes]):
    """A process that keeps running when this one ends."""

    def __del__(self) -> None:
        # Popen's own method warns about a process that is still running, which is intended here.
        return


async def run(words: Sequence[str], limit_s: float) -> CommandResult:
    """Run a short command to its end; raises `system` if it cannot be started."""
    try:
        process = await start_process(list(words), stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        raise _not_started(words, error) from error
    tails = [b"", b""]

    async def gather(stream: "ByteReceiveStream | None", index: int) -> None:
        async for chunk in stream or ():  # type: ignore[union-attr]
            tails[index] = (tails[index] + chunk)[-TAIL_BYTES:]

    status: int | None = None
    try:
        with anyio.move_on_after(limit_s):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(gather, process.stdout, 0)
                tasks.start_soon(gather, process.stderr, 1)
                status = await process.wait()
                # A background process that it started may hold its output open for ever.
                tasks.cancel_scope.deadline = anyio.current_time() + 0.5
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                end_group(process.pid, signal.SIGKILL)
                await process.wait()
            await process.aclose()
    return CommandResult(
        command=shlex.join(words), status=status, stdout=text(tails[0]), stderr=text(tails[1])
    )


def spawn(
    words: Sequence[str],
    environment: Mapping[str, str],
    out: Path,
    log: Path,
    cwd: str | None = None,
) -> DetachedProcess:
    """Start an engine that outlives this process; raises `system` if that fails. Blocks.

    It runs in the folder `cwd`, or in this process's. Its output goes to files, since a broken pipe
    would kill it.
    """
    try:
        permissions.make_folder(out.parent)
        with (
            open(out, "wb", opener=permissions.opener) as stdout,
            open(log, "wb", opener=permissions.opener) as stderr,
        ):
            return DetachedProcess(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, **environment},
                cwd=cwd,
                start_new_session=True,
                # Keep SIGPIPE ignored: some engines die of it when a client disconnects.
                restore_signals=False,
            )
    except OSError as error:
        raise _not_started(words, error) from error


def end_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that `pid` leads; do nothing if it is gone."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def tail(path: Path) -> str:
    """Return the last 4 KiB of a file, "" if there is none. Blocks."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return text(file.read(TAIL_BYTES))
    except OSError:
        return ""


def text(data: bytes) -> str:
    """Decode the output of a program."""
    return data.decode("utf-8", "replace")


def _missing(words: Sequence[str], error: OSError) -> str:
    """Return what an error is about if it is not the program: its folder."""
    return "" if error.filename in (None, words[0]) else f": {error.filename}"


def _not_started(words: Sequence[str], error: OSError) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"cannot start `{shlex.join(words)}`: {error.strerror or error}{_missing(words, error)}",
        "Correct the command in the backend's table in agent.yaml, or install the program.",
    )
