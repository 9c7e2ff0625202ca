"""Start, stop and reset an engine: by its systemd unit, by brew's services, or by a command."""

import os
import shlex
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import msgspec

from benchrace.errors import InvalidInput
from benchrace.plugin.context import Context
from benchrace.plugin.device import Device, refused
from benchrace.plugin.engine_command import Outliving, Said, end_group, run, spawn, tail
from benchrace.plugin.engine_mark import EngineMark, Started
from benchrace.plugin.launch import LOG_DIR, Launch
from benchrace.plugin.operations import NotOffered, Operated, Operation, Reset

POLL_S = 1.5
_FIRST_POLL_S = 0.05


class EngineProcess:
    """One engine as `launch` says; `answers` asks it, and says False while it does not answer.

    On `gpu` it is started where one is given, else on what it finds itself.
    `<NAME>_START_TIMEOUT_S` and `HEALTH_POLL_INTERVAL_S` of the environment win. Logs of commands
    go to `RESET_LOG_DIR`, else below the data folder.
    """

    def __init__(
        self,
        name: str,
        launch: Launch,
        context: Context,
        answers: Callable[[], Awaitable[bool]],
        gpu: Device | None = None,
    ) -> None:
        self._name = name
        self._launch = launch
        self._context = context
        self._answers = answers
        self._gpu = gpu
        folder = _log_dir()
        self._out, self._log = folder / f"{name}.out", folder / f"{name}.log"
        self._mark = EngineMark(folder / f"{name}.pid")
        self._process: Outliving | None = None

    async def start(self) -> Operated:
        """Start it and wait until it answers; fine where it does already. Raises `NotOffered`."""
        if await self._answers():
            return Operated(ok=True, notes=("it answers already",))
        return await self._operated()

    async def provide(self) -> Operated | None:
        """Have it answer, on the GPU that is wanted: start it where it is silent, and anew where
        it was started from here on another one. None where it was there already.

        Raises `InvalidInput` where it cannot be moved, and `NotOffered`.
        """
        if (fixed := await self.fixed()) is not None:
            raise fixed
        if await self._answers():
            started = await self._started()
            if started is None or started.gpu == self._wanted:
                return None
            self._context.log(
                f"{self._name} is started anew, for GPU {self._wanted or 'of its own'}"
            )
            if notes := await self._stop(Operation.START):
                return Operated(ok=False, notes=notes)
        return await self._operated()

    async def fixed(self) -> InvalidInput | None:
        """Say why the engine cannot have the GPU that is wanted; None where it can."""
        if self._gpu is None:
            return None
        if not self._launch.command:
            return refused(
                f"{self._name} cannot be given a GPU: only an engine that is started by "
                "`launch.command` of its table in agent.yaml can"
            )
        if await self._answers() and await self._started() is None:
            return refused(
                f"{self._name} runs already and was not started from here, so it stays on the "
                "GPU that it has; stop it, and it is started where the lane wants it"
            )
        return None

    async def started_here(self) -> bool:
        """Tell whether it runs, and was started from here by its command."""
        return await self._started() is not None

    async def _operated(self) -> Operated:
        done = await self._start(Operation.START)
        return Operated(
            ok=done.healthy is True,
            notes=done.notes,
            pid=None if self._process is None else self._process.pid,
        )

    async def stop(self) -> Operated:
        """Stop it and wait until it is silent; fine where it is. Raises `NotOffered`."""
        if not await self._running():
            return Operated(ok=True, notes=("it does not run",))
        notes = await self._stop(Operation.STOP)
        return Operated(ok=not notes, notes=notes)

    async def reset(self) -> Reset:
        """Stop it, start it, and wait until it answers. Raises `NotOffered`."""
        if not self._launch.known:
            raise self._no_way(Operation.RESET)
        running = await self._running()
        notes = await self._stop(Operation.RESET) if running else ("it did not run",)
        if running and notes:
            # Started beside the old one it would answer for it, or take its port for its own.
            return Reset(stopped=False, healthy=await self._answers(), notes=notes)
        done = await self._start(Operation.RESET)
        return msgspec.structs.replace(done, stopped=running, notes=(*notes, *done.notes))

    async def _running(self) -> bool:
        """Tell whether there is anything to stop; a service may run and not answer."""
        served = self._launch.service("stop") is not None
        return served or await self._answers() or await self.started_here()

    async def _start(self, operation: Operation) -> Reset:
        words = self._launch.service("start")
        self._context.log(f"{self._name}: {shlex.join(words or self._launch.command)}")
        if words is None and not self._launch.command:
            raise self._no_way(operation)
        began_ns = self._context.clock.monotonic_ns()
        said: Said | None = None
        if words is None:
            await self._context.run_blocking(self._spawn)
        else:
            said = await run(words, self._start_s)
        notes: tuple[str, ...] = () if said is None or said.ok else (said.why(),)
        if not notes:
            notes = await self._ready()
        took_ms = (self._context.clock.monotonic_ns() - began_ns) / 1e6
        stdout, stderr = await self._tails(said)
        if notes and said is None and (last := stderr.strip() or stdout.strip()):
            notes += (f"its log {self._log} ends with: {last.splitlines()[-1][:300]}",)
        return Reset(
            start_command=shlex.join(words or self._launch.command),
            start_stdout_tail=stdout,
            start_stderr_tail=stderr,
            start_log_file=str(self._log) if said is None else None,
            healthy=not notes,
            time_to_ready_ms=None if notes else took_ms,
            notes=notes,
        )

    async def _ready(self) -> tuple[str, ...]:
        """Wait for a good answer of what was started; empty, or why there is none."""
        pause_s = _FIRST_POLL_S
        with anyio.move_on_after(self._start_s):
            while True:
                # Whatever answers after its end is another one that holds its port.
                if (ended := self._ended()) is not None:
                    return (f"the command ended with status {ended} before the engine answered",)
                if await self._answers() and self._ended() is None:
                    return ()
                await anyio.sleep(pause_s)
                pause_s = min(pause_s * 2, _seconds("HEALTH_POLL_INTERVAL_S", POLL_S))
        return (f"the engine has not answered within {self._start_s:g} s",)

    async def _stop(self, operation: Operation) -> tuple[str, ...]:
        """Stop it; empty, or why it is still there."""
        words = self._launch.service("stop") or self._launch.stop_command or None
        if words is not None:
            self._context.log(f"{self._name}: {shlex.join(words)}")
            said = await run(words, self._launch.stop_timeout_s)
            if not said.ok:
                return (said.why(),)
        elif (started := await self._started()) is not None:
            await self._end(started.pid)
        else:
            why = "it was not started from here"
            raise NotOffered(self._name, operation, why, "Set `launch` with a `stop_command`.")
        await self._context.run_blocking(self._mark.remove)
        if await _within(self._launch.stop_timeout_s, self._silent):
            return ()
        return (f"it still answers {self._launch.stop_timeout_s:g} s after it was stopped",)

    async def _end(self, pid: int) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._context.log(f"{self._name}: {number.name} to the process {pid}")
            end_group(pid, number)
            if await _within(self._launch.stop_timeout_s, self._gone):
                # What it has started itself may have outlived it.
                end_group(pid, signal.SIGKILL)
                return

    async def _silent(self) -> bool:
        return not await self._answers()

    async def _gone(self) -> bool:
        return not await self.started_here()

    async def _started(self) -> Started | None:
        """Give who was started from here by this or an earlier call, None where it is gone."""
        return await self._context.run_blocking(self._alive)

    def _alive(self) -> Started | None:
        if self._process is not None:
            # A child that has ended stays a process until somebody asks.
            self._process.poll()
        return self._mark.read()

    def _spawn(self) -> None:
        launch = self._launch
        environment = {**launch.environment, **(self._gpu.environment if self._gpu else {})}
        self._process = spawn(launch.command, environment, self._out, self._log)
        self._mark.write(self._process.pid, self._wanted)

    @property
    def _wanted(self) -> str:
        return self._gpu.key if self._gpu else ""

    def _ended(self) -> int | None:
        """Give the status of a command that failed; one that ended well runs in the background."""
        return None if self._process is None else self._process.poll() or None

    async def _tails(self, said: Said | None) -> tuple[str, str]:
        if said is not None:
            return said.stdout, said.stderr
        return await self._context.run_blocking(lambda: (tail(self._out), tail(self._log)))

    @property
    def _start_s(self) -> float:
        named = f"{self._name.upper().replace('-', '_')}_START_TIMEOUT_S"
        return _seconds(named, self._launch.start_timeout_s)

    def _no_way(self, operation: Operation) -> NotOffered:
        return NotOffered(
            self._name,
            operation,
            "nothing says how it is started",
            f"Set `launch` in the table `{self._name}` of agent.yaml: a unit, or a command.",
        )


async def answers_at(context: Context, url: str) -> bool:
    """Tell whether a GET of `url` is answered well; False for whatever goes wrong on the way."""
    import httpx

    try:
        return (await context.http.get(url)).is_success
    except (httpx.HTTPError, OSError):
        return False


async def _within(limit_s: float, true: Callable[[], Awaitable[bool]]) -> bool:
    """Ask until it is true, for `limit_s` at most."""
    with anyio.move_on_after(limit_s):
        while True:
            if await true():
                return True
            await anyio.sleep(_FIRST_POLL_S)
    return False


def _log_dir() -> Path:
    if named := os.environ.get(LOG_DIR):
        return Path(named)
    # No worker comes here: the agent says where.
    from benchrace.config.places import data_dir

    return data_dir() / "engines"


def _seconds(name: str, default: float) -> float:
    try:
        return max(0.01, float(os.environ.get(name, default)))
    except ValueError:
        return default
