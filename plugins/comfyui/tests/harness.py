"""A stand-in for ComfyUI in a process of its own, and lanes that race on it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec

from benchrace.plugin import Lane
from benchrace.testing import RecordingContext
from benchrace.testing.limits import HANG_S
from benchrace_comfyui.backend import Comfy
from benchrace_comfyui.params import ImageOptions, WorkflowOptions
from benchrace_comfyui.prompt.completion import Patience

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "docs" / "examples" / "workflows"
NEW, OLD = "0.33.0", "0.3.64"
LITE = "lite_random_sd15.safetensors"
# A server that works here answers within milliseconds, unless this machine is busy.
QUICK = Patience(reported_s=0.1, unreported_s=0.02, last_messages_s=HANG_S)
HASTY = Patience(reported_s=0.02, unreported_s=0.02, answer_s=0.2, down_s=0.2, frozen_s=0.5)
HASTY = HASTY._replace(last_messages_s=0.02)
PATIENT = QUICK._replace(down_s=HANG_S)


class QuickComfy(Comfy):
    """A backend that asks often."""

    patience = QUICK


@dataclass
class StandIn:
    """It runs; `tell` changes its settings and gives what it was asked."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell(self, **changes: Any) -> dict[str, Any]:
        state: dict[str, Any] = self.ask("/_stand_in", changes or None)
        return state

    def ask(self, path: str, body: Any = None) -> Any:
        """Ask it as another client does."""
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self.url}{path}", data=data), timeout=HANG_S) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait(HANG_S)


Start = Callable[..., StandIn]


@contextmanager
def starting() -> Iterator[Start]:
    """Start stand-ins by their options; at the end all are ended."""
    started: list[StandIn] = []

    def one(*options: str) -> StandIn:
        process = subprocess.Popen(
            [sys.executable, "-m", "stand_in", *options],
            cwd=HERE,
            env=os.environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the stand-in did not start"
        started.append(StandIn(process, int(line)))
        return started[-1]

    try:
        yield one
    finally:
        for running in started:
            running.process.kill()
            running.process.wait(HANG_S)
            assert running.process.stdout is not None
            running.process.stdout.close()


@contextmanager
def reserved() -> Iterator[int]:
    """Reserve a port for a server that is started on it later: nobody else is given it."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


DEFAULTS = {
    "step_ms": 2.0,
    "load_ms": 4.0,
    "history_delay_ms": 0.0,
    "stands_still_ms": 0.0,
    "late_ms": 0.0,
    "step_clock_ms": 0.0,
    "socket": "open",
    "cut_at": 1,
    "device": "cpu",
    "argv": [],
    "fail": {},
    "previews": False,
    "images": None,
    "forgets_models": False,
    "files_gone": False,
    "post_delay_ms": 0.0,
    "ignores_ids": False,
    "broken": [],
}


@dataclass
class Racing:
    """A backend with a lane, and the context of its rounds."""

    backend: Comfy
    lane: Lane[Any]
    context: RecordingContext

    async def open(self) -> None:
        await self.backend.open(self.lane, self.context)

    async def round(self, n: int = 0) -> Any:
        self.context.begin(n)
        return await self.backend.round(self.lane, self.context)

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.context.verdict.reasons]


def workflow_options(**params: Any) -> WorkflowOptions:
    wanted = {"base_model": LITE, "allow_cpu": True, **params}
    return msgspec.convert(wanted, WorkflowOptions)


def options(**params: Any) -> ImageOptions:
    wanted = {"model": LITE, "steps": 4, "width": 64, "height": 64, "allow_cpu": True, **params}
    return msgspec.convert(wanted, ImageOptions)


@cache
def recording(version: str) -> dict[str, Any]:
    """Return what was recorded of a version."""
    text = (HERE / "recordings" / f"comfyui-{version}.json").read_text()
    document: dict[str, Any] = json.loads(text)
    return document
