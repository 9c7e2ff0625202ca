"""Start, stop and reset an engine: by its systemd unit, by Homebrew's services, or by a command."""

import os
import shlex
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import msgspec

from benchrace.errors import InvalidInput
from benchrace.plugin.context import Context
from benchrace.plugin.engine.command import (
    CommandResult,
    DetachedProcess,
    end_group,
    run,
    spawn,
    tail,
)
from benchrace.plugin.engine.device import Device, gpu_error
from benchrace.plugin.engine.launch import LOG_DIR, Launch
from benchrace.plugin.engine.pid_file import PidFile, StartedProcess
from benchrace.plugin.operations import NotOffered, Operated, Operation, Reset

POLL_S = 1.5
_FIRST_POLL_S = 0.05


class EngineProcess:
    """One engine, started and stopped as `launch` says; `answers` tells whether it responds.

    It is started on `gpu` if there is one, else on whatever it chooses itself. The environment
    variables `<NAME>_START_TIMEOUT_S` and `HEALTH_POLL_INTERVAL_S` take precedence. Logs of
    commands go to `RESET_LOG_DIR`, by default below the data folder.
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
        folder = log_dir()
        self._out, self._log = folder / f"{name}.out", folder / f"{name}.log"
        self._pid_file = PidFile(folder / f"{name}.pid")
        self._process: DetachedProcess | None = None

    async def start(self) -> Operated:
        """Start it and wait until it answers; succeeds if it already does. Raises `NotOffered`."""
        if await self._answers():
            return Operated(ok=True, notes=("it is already running",))
        return await self._start_operation()

    async def provide(self) -> Operated | None:
        """Ensure that it answers, on the requested GPU; None if it already does.

        Starts it if it does not run, and restarts it if the agent started it on another GPU.
        Raises `InvalidInput` if it cannot be moved, and `NotOffered`.
        """
        if (error := await self.gpu_conflict()) is not None:
            raise error
        if await self._answers():
            started = await self._started()
            if started is None or started.gpu == self._gpu_key:
                return None
            self._context.log(f"restarting {self._name} on {self._gpu_key or 'its default GPU'}")
            if notes := await self._stop(Operation.START):
                return Operated(ok=False, notes=notes)
        return await self._start_operation()

    async def gpu_conflict(self) -> InvalidInput | None:
        """Return why the engine cannot have the requested GPU; None if it can."""
        if self._gpu is None:
            return None
        if not self._launch.command:
            return gpu_error(
                f"cannot select a GPU for {self._name}: only an engine that is started by "
                "`launch.command` of its table in agent.yaml can have one"
            )
        if await self._answers() and await self._started() is None:
            return gpu_error(
                f"{self._name} is already running and was not started by the agent, so it stays "
                "on its GPU; stop it, and the agent starts it on the GPU of the lane"
            )
        return None

    async def started_here(self) -> bool:
        """Return whether it runs, and the agent started it by its command."""
        return await self._started() is not None

    async def _start_operation(self) -> Operated:
        result = await self._start(Operation.START)
        return Operated(
            ok=result.healthy is True,
            notes=result.notes,
            pid=None if self._process is None else self._process.pid,
        )

    async def stop(self) -> Operated:
        """Stop it and wait until it is down; succeeds if it already is. Raises `NotOffered`."""
        if not await self._running():
            return Operated(ok=True, notes=("it is not running",))
        notes = await self._stop(Operation.STOP)
        return Operated(ok=not notes, notes=notes)

    async def reset(self) -> Reset:
        """Stop it, start it, and wait until it answers. Raises `NotOffered`."""
        if not self._launch.configured:
            raise self._not_configured(Operation.RESET)
        running = await self._running()
        notes = await self._stop(Operation.RESET) if running else ("it was not running",)
        if running and notes:
            # The old process would answer for a new one, or keep its port.
            return Reset(stopped=False, healthy=await self._answers(), notes=notes)
        result = await self._start(Operation.RESET)
        return msgspec.structs.replace(result, stopped=running, notes=(*notes, *result.notes))

    async def _running(self) -> bool:
        """Check whether there is anything to stop; a service may run without answering."""
        service = self._launch.service("stop") is not None
        return service or await self._answers() or await self.started_here()

    async def _start(self, operation: Operation) -> Reset:
        words = self._launch.service("start")
        self._context.log(f"{self._name}: {shlex.join(words or self._launch.command)}")
        if words is None and not self._launch.command:
            raise self._not_configured(operation)
        began_ns = self._context.clock.monotonic_ns()
        result: CommandResult | None = None
        if words is None:
            await self._context.run_blocking(self._spawn)
        else:
            result = await run(words, self._start_s)
        notes: tuple[str, ...] = () if result is None or result.ok else (result.reason(),)
        if not notes:
            notes = await self._ready()
        took_ms = (self._context.clock.monotonic_ns() - began_ns) / 1e6
        stdout, stderr = await self._tails(result)
        if notes and result is None and (last := stderr.strip() or stdout.strip()):
            notes += (f"its log {self._log} ends with: {last.splitlines()[-1][:300]}",)
        return Reset(
            start_command=shlex.join(words or self._launch.command),
            start_stdout_tail=stdout,
            start_stderr_tail=stderr,
            start_log_file=str(self._log) if result is None else None,
            healthy=not notes,
            time_to_ready_ms=None if notes else took_ms,
            notes=notes,
        )

    async def _ready(self) -> tuple[str, ...]:
        """Wait until the started engine answers; empty, or the reason why it does not."""
        pause_s = _FIRST_POLL_S
        with anyio.move_on_after(self._start_s):
            while True:
                # Once the command has exited, an answer is from another process on its port.
                if (status := self._exit_status()) is not None:
                    return (f"the command exited with status {status} before the engine answered",)
                if await self._answers() and self._exit_status() is None:
                    return ()
                await anyio.sleep(pause_s)
                pause_s = min(pause_s * 2, _seconds("HEALTH_POLL_INTERVAL_S", POLL_S))
        return (f"the engine did not answer within {self._start_s:g} s",)

    async def _stop(self, operation: Operation) -> tuple[str, ...]:
        """Stop it; empty, or the reason why it still runs."""
        words = self._launch.service("stop") or self._launch.stop_command or None
        if words is not None:
            self._context.log(f"{self._name}: {shlex.join(words)}")
            result = await run(words, self._launch.stop_timeout_s)
            if not result.ok:
                return (result.reason(),)
        elif (started := await self._started()) is not None:
            await self._end(started.pid)
        else:
            why = "it was not started by the agent"
            raise NotOffered(self._name, operation, why, "Set `launch` with a `stop_command`.")
        await self._context.run_blocking(self._pid_file.remove)
        if await _within(self._launch.stop_timeout_s, self._silent):
            return ()
        return (f"it still answers {self._launch.stop_timeout_s:g} s after it was stopped",)

    async def _end(self, pid: int) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._context.log(f"{self._name}: sending {number.name} to process {pid}")
            end_group(pid, number)
            if await _within(self._launch.stop_timeout_s, self._gone):
                # Its child processes may have outlived it.
                end_group(pid, signal.SIGKILL)
                return

    async def _silent(self) -> bool:
        return not await self._answers()

    async def _gone(self) -> bool:
        return not await self.started_here()

    async def _started(self) -> StartedProcess | None:
        """Return the process that this or an earlier call started, None if it is gone."""
        return await self._context.run_blocking(self._alive)

    def _alive(self) -> StartedProcess | None:
        if self._process is not None:
            # A child that has exited stays a zombie until it is polled.
            self._process.poll()
        return self._pid_file.read()

    def _spawn(self) -> None:
        launch = self._launch
        environment = {**launch.environment, **(self._gpu.environment if self._gpu else {})}
        self._process = spawn(launch.command, environment, self._out, self._log, launch.cwd)
        self._pid_file.write(self._process.pid, self._gpu_key)

    @property
    def _gpu_key(self) -> str:
        return self._gpu.key if self._gpu else ""

    def _exit_status(self) -> int | None:
        """Return the status of a command that failed; after status 0 it runs in the background."""
        return None if self._process is None else self._process.poll() or None

    async def _tails(self, result: CommandResult | None) -> tuple[str, str]:
        if result is not None:
            return result.stdout, result.stderr
        return await self._context.run_blocking(lambda: (tail(self._out), tail(self._log)))

    @property
    def _start_s(self) -> float:
        variable = f"{self._name.upper().replace('-', '_')}_START_TIMEOUT_S"
        return _seconds(variable, self._launch.start_timeout_s)

    def _not_configured(self, operation: Operation) -> NotOffered:
        return NotOffered(
            self._name,
            operation,
            "no start command is configured",
            f"Set `launch` in the table `{self._name}` of agent.yaml: a unit, or a command.",
        )


async def answers_at(context: Context, url: str) -> bool:
    """Return whether a GET of `url` succeeds; False for any error on the way."""
    import httpx

    try:
        return (await context.http.get(url)).is_success
    except (httpx.HTTPError, OSError):
        return False


async def _within(limit_s: float, condition: Callable[[], Awaitable[bool]]) -> bool:
    """Poll until `condition` is true, for `limit_s` at most."""
    with anyio.move_on_after(limit_s):
        while True:
            if await condition():
                return True
            await anyio.sleep(_FIRST_POLL_S)
    return False


def log_dir() -> Path:
    """Return the folder of engines' logs and PID files."""
    if folder := os.environ.get(LOG_DIR):
        return Path(folder)
    # Not reached in workers: the agent sets the variable for them.
    from benchrace.config.paths import data_dir

    return data_dir() / "engines"


def _seconds(name: str, default: float) -> float:
    try:
        return max(0.01, float(os.environ.get(name, default)))
    except ValueError:
        return default
