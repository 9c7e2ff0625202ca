"""Commands that start and stop engines: lists of words, never a shell's; ended by a limit."""

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from benchrace.errors import BenchraceError, Category

if TYPE_CHECKING:
    from anyio.abc import ByteReceiveStream

TAIL_BYTES = 4096


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a command said: `status` is null where it was ended for taking too long."""

    command: str
    status: int | None
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    def why(self) -> str:
        """Say in words how it failed."""
        how = "took too long" if self.status is None else f"ended with status {self.status}"
        said = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return f"`{self.command}` {how}" + (f": {said[-1][:300]}" if said else "")


class Outliving(subprocess.Popen[bytes]):
    """A process that is meant to go on when this one ends."""

    def __del__(self) -> None:
        # The usual one warns of a process that nobody waits for, which is the purpose here.
        return


async def run(words: Sequence[str], limit_s: float) -> Said:
    """Run a short command to its end; raises `system` where it cannot be started."""
    try:
        process = await anyio.open_process(
            list(words), stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise _cannot(words, error) from error
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
                # Something that it left running may hold its output open for ever.
                tasks.cancel_scope.deadline = anyio.current_time() + 0.5
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                end_group(process.pid, signal.SIGKILL)
                await process.wait()
            await process.aclose()
    return Said(
        command=shlex.join(words), status=status, stdout=text(tails[0]), stderr=text(tails[1])
    )


def spawn(words: Sequence[str], environment: Mapping[str, str], out: Path, log: Path) -> Outliving:
    """Start an engine that outlives this process; raises `system` where that fails. Blocks.

    Its output goes into files: one whose pipe has lost its reader dies of it.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("wb") as stdout, log.open("wb") as stderr:
            return Outliving(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, **environment},
                start_new_session=True,
                # SIGPIPE stays ignored: some engines die of it when one of their clients does.
                restore_signals=False,
            )
    except OSError as error:
        raise _cannot(words, error) from error


def end_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the group that `pid` leads; nothing happens where none is left."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def tail(path: Path) -> str:
    """Give the last 4 KiB of a file, empty where there is none. Blocks."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return text(file.read(TAIL_BYTES))
    except OSError:
        return ""


def text(data: bytes) -> str:
    """Make text of what a program wrote."""
    return data.decode("utf-8", "replace")


def _cannot(words: Sequence[str], error: OSError) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"`{shlex.join(words)}` cannot be started: {error.strerror or error}",
        "Correct the command in the backend's table in agent.yaml, or install what it names.",
    )
