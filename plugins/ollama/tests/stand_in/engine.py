"""What the server knows: models, what is resident, what a runner remembers of prompts."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .faults import PREFIX, Fault, Kind
from .models import TRAINED, Model, all_models

DEFAULT_CTX = 4096
RELOADS = ("num_ctx", "num_batch", "num_thread", "num_gpu")
STEP_S = 0.25
FOREVER = "2319-03-04T12:10:22.995124223Z"


def now() -> str:
    """A time as Go writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "297Z"


@dataclass
class Runner:
    """A process that holds one file. `name` is what /api/ps goes on showing."""

    model: Model
    key: tuple[Any, ...]
    context: int
    slots: asyncio.Semaphore
    prompts: list[list[str]] = field(default_factory=list)
    child: subprocess.Popen[bytes] | None = None
    busy: int = 0
    unloading: bool = False
    dead: bool = False
    expires: str = FOREVER
    timer: asyncio.TimerHandle | None = None

    def end(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.child is not None:
            self.child.kill()
            self.child.wait()


class Engine:
    """The server's state."""

    def __init__(self, version: str, *, runner: bool) -> None:
        self.version = version
        self.models = all_models()
        for kind in Kind:
            model = Model(f"{PREFIX}{kind}", file=kind)
            self.models[model.full] = model
        self.runners: dict[str, Runner] = {}
        self.fault: Fault | None = None
        self.requests: list[dict[str, Any]] = []
        self.pulled: dict[str, int] = {}
        self._spawns = runner
        self._loading = asyncio.Lock()

    @property
    def old(self) -> bool:
        """Check whether it is of the time of Ollama's own runner."""
        return self.version.startswith("0.24")

    def find(self, name: str) -> Model | None:
        name = name.lower()
        return self.models.get(name if ":" in name else f"{name}:latest")

    def next_fault(self, model: Model) -> Fault | None:
        """The fault that the next streamed answer is to have."""
        if self.fault is None:
            return None
        fault, left = self.fault, self.fault
        if fault.skip:
            self.fault = left._replace(skip=fault.skip - 1)
            return None
        self.fault = left._replace(times=fault.times - 1) if fault.times > 1 else None
        return fault

    async def runner(self, model: Model, options: dict[str, Any], keep_alive: Any) -> Runner:
        """Return the runner that has the model with these options, loading it where it must."""
        context = min(options.get("num_ctx") or model.own_ctx or DEFAULT_CTX, TRAINED)
        context = max(context, 4)
        key = (context, *(options.get(name) for name in RELOADS[1:]))
        async with self._loading:
            runner = self.runners.get(model.blob)
            if runner is not None and (runner.key != key or runner.dead):
                await self._unload(runner)
                runner = None
            if runner is None:
                took = -(-model.load_ms / 1000 // STEP_S) * STEP_S if model.load_ms else 0
                await asyncio.sleep(took)
                slots = int(os.environ.get("OLLAMA_NUM_PARALLEL", "1"))
                runner = Runner(
                    model, key, context, asyncio.Semaphore(slots), child=self._child(model)
                )
                self.runners[model.blob] = runner
        self._keep(runner, keep_alive)
        return runner

    async def unload(self, model: Model) -> None:
        """Forget a model once nothing streams from it; answered before it has happened."""
        if runner := self.runners.get(model.blob):
            runner.unloading = True
            self.freed(runner)

    def freed(self, runner: Runner) -> None:
        """A request has left the runner."""
        if runner.unloading and not runner.busy:
            asyncio.get_running_loop().call_later(0.01, self._drop, runner)

    def kill_runner(self, runner: Runner) -> None:
        """Its process dies; /api/ps goes on listing it until the next request."""
        runner.dead = True
        if runner.child is not None:
            runner.child.kill()

    def end(self) -> None:
        for runner in self.runners.values():
            runner.end()

    def ps(self) -> list[dict[str, Any]]:
        return [
            {
                "name": runner.model.full,
                "model": runner.model.full,
                "size": 23_037_213,
                "digest": runner.model.digest,
                "details": runner.model.details(),
                "expires_at": runner.expires,
                "size_vram": 0,
                "context_length": runner.context,
            }
            for runner in self.runners.values()
        ]

    async def _unload(self, runner: Runner) -> None:
        while runner.busy:  # noqa: ASYNC110 - it is over when nothing streams
            await asyncio.sleep(0.005)
        self._drop(runner)

    def _drop(self, runner: Runner) -> None:
        if self.runners.get(runner.model.blob) is runner and not runner.busy:
            del self.runners[runner.model.blob]
            runner.end()

    def _keep(self, runner: Runner, keep_alive: Any) -> None:
        if runner.timer is not None:
            runner.timer.cancel()
            runner.timer = None
        seconds = seconds_of(keep_alive)
        runner.unloading = seconds == 0
        runner.expires = FOREVER
        if seconds > 0:
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            runner.expires = until.strftime("%Y-%m-%dT%H:%M:%S.%f") + "124Z"
            loop = asyncio.get_running_loop()
            runner.timer = loop.call_later(seconds, self._expire, runner)

    def _expire(self, runner: Runner) -> None:
        runner.unloading = True
        self.freed(runner)

    def _child(self, model: Model) -> subprocess.Popen[bytes] | None:
        if not self._spawns:
            return None
        code = "import signal; signal.pause()"
        words = [sys.executable, "-S", "-E", "-c", code, "--model", f"/models/blobs/{model.blob}"]
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def seconds_of(keep_alive: Any) -> float:
    """Seconds of a keep_alive, below 0 for ever. Raises `ValueError` with Go's words."""
    if keep_alive is None:
        return 300.0
    if isinstance(keep_alive, int | float):
        return float(keep_alive)
    text = str(keep_alive)
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    number = text.rstrip("smh")
    try:
        value = float(number)
    except ValueError:
        raise ValueError(f'time: invalid duration "{text}"') from None
    unit = text[len(number) :]
    if not unit:
        raise ValueError(f'time: missing unit in duration "{text}"')
    return value * units[unit]


def die() -> None:
    """End as by SIGKILL."""
    os.kill(os.getpid(), signal.SIGKILL)


def ns() -> int:
    return time.monotonic_ns()
