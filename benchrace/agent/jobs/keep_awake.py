"""Keep the machine awake while it measures: with logind's inhibitors, or `caffeinate` on macOS.

A child holds it awake until its standard input ends, so that it goes with the agent, however that
dies.
"""

import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process

from benchrace.processes import start_process

log = logging.getLogger(__name__)
_ANSWER_S = 5.0
_SYSTEMD = Path("/run/systemd/system")
# logind lets only users who sit at the machine block all of it; others may block less.
_SCOPES = ("sleep:idle:handle-lid-switch", "sleep:idle", "idle")

Commands = Callable[[], tuple[tuple[str, ...], ...]]


def commands() -> tuple[tuple[str, ...], ...]:
    """Return the programs to try, the most far-reaching first; none where there is none."""
    if sys.platform == "darwin" and (caffeinate := shutil.which("caffeinate")):
        return ((caffeinate, "-i", "-m", "-s", "cat"),)
    inhibit = shutil.which("systemd-inhibit")
    if inhibit is None or not _SYSTEMD.is_dir():
        return ()
    whose = ("--who=benchrace", "--why=a measurement is running", "--mode=block")
    return tuple((inhibit, f"--what={scope}", *whose, "cat") for scope in _SCOPES)


class KeepAwake:
    """Hold the machine awake; what fails once is not tried again, and the log says so."""

    def __init__(self, find: Commands = commands) -> None:
        self._find = find
        self._commands: tuple[tuple[str, ...], ...] | None = None

    @asynccontextmanager
    async def during(self) -> AsyncIterator[None]:
        """Hold it within; the measurement goes on where it cannot be held. Raises nothing."""
        process = await self._hold()
        try:
            yield
        finally:
            if process is not None:
                with anyio.CancelScope(shield=True):
                    await _release(process)

    async def _hold(self) -> Process | None:
        first = self._commands is None
        if self._commands is None:
            self._commands = await anyio.to_thread.run_sync(self._find)
        for number, command in enumerate(self._commands):
            if (process := await start(command)) is not None:
                self._commands = self._commands[number:]
                return process
        if first and self._commands:
            log.warning("%s refuses to keep the machine awake", self._commands[0][0])
        self._commands = ()
        return None


async def works() -> str | None:
    """Return the program that can hold this machine awake, None where none can."""
    for command in commands():
        if (process := await start(command)) is not None:
            await _release(process)
            return Path(command[0]).name
    return None


async def start(command: tuple[str, ...]) -> Process | None:
    """Start what holds the machine awake; None where it is refused, or does not answer in 5 s."""
    try:
        process = await start_process(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
            # It has no business with any token.
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except OSError:
        return None
    held = False
    try:
        with anyio.move_on_after(_ANSWER_S):
            held = await _answers(process)
    finally:
        if not held:
            with anyio.CancelScope(shield=True):
                await _release(process)
    return process if held else None


async def _answers(process: Process) -> bool:
    """Return whether `cat` echoes: it is started once the machine is held."""
    if process.stdin is None or process.stdout is None:
        return False
    try:
        await process.stdin.send(b"\n")
        return await process.stdout.receive(1) == b"\n"
    except (anyio.BrokenResourceError, anyio.EndOfStream, OSError):
        return False


async def _release(process: Process) -> None:
    """End it: by its input, and by force where that is not enough."""
    if process.stdin is not None:
        await process.stdin.aclose()
    with anyio.move_on_after(_ANSWER_S):
        await process.wait()
    if process.returncode is None:
        process.kill()
    await process.aclose()
