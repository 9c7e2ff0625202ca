"""A stand-in for Ollama, in a process of its own on a port of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from benchrace.kinds import LLM, Kind
from benchrace.plugin import Lane
from benchrace.testing import RecordingContext
from benchrace.testing.limits import HANG_S
from benchrace_ollama.backend import Ollama
from benchrace_ollama.config import OllamaConfig

HERE = Path(__file__).parent


@dataclass
class StandIn:
    """It runs; `tell` sets faults and models, `asked` is what /api/generate and chat were sent."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell(self, **changes: Any) -> dict[str, Any]:
        request = Request(
            f"{self.url}/_stand_in", data=json.dumps(changes).encode() if changes else None
        )
        with urlopen(request, timeout=HANG_S) as answer:
            state: dict[str, Any] = json.loads(answer.read())
        return state

    def post(self, path: str, **body: Any) -> None:
        """Ask it as another client does."""
        request = Request(f"{self.url}{path}", data=json.dumps(body).encode())
        with urlopen(request, timeout=HANG_S) as answer:
            answer.read()

    @property
    def requests(self) -> list[dict[str, Any]]:
        return list(self.tell()["asked"])

    @property
    def resident(self) -> list[str]:
        return [model["name"] for model in self.tell()["resident"]]

    def runners(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)


Start = Callable[..., StandIn]


@contextmanager
def starting() -> Iterator[Start]:
    """Start stand-ins by their options; at the end all are ended, and their runners too."""
    started: list[StandIn] = []

    def one(*options: str, **env: str) -> StandIn:
        process = subprocess.Popen(
            [sys.executable, "-m", "stand_in", *options],
            cwd=HERE,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the stand-in did not start"
        started.append(StandIn(process, int(line)))
        return started[-1]

    yield one
    for process in started:
        process.process.terminate()
        process.process.wait(5)
        assert process.process.stdout is not None
        process.process.stdout.close()


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as one:
        yield one


@pytest.fixture(scope="module")
def shared() -> Iterator[Start]:
    """Return the stand-in of a version, which the tests of a module share while it lives."""
    running: dict[str, StandIn] = {}
    with starting() as one:

        def of(version: str) -> StandIn:
            if version not in running or running[version].process.poll() is not None:
                running[version] = one("--version", version)
            return running[version]

        yield of


@pytest.fixture
def stand_in(start: Start) -> StandIn:
    return start()


@dataclass
class Racing:
    """A backend with a lane, and the context of its rounds."""

    backend: Ollama
    lane: Lane[Any]
    context: RecordingContext

    async def round(self, n: int = 0) -> Any:
        self.context.begin(n)
        return await self.backend.round(self.lane, self.context)

    @property
    def codes(self) -> list[str]:
        """Why the round is doubted; how busy this machine is, is not the matter."""
        reasons = [reason.code for reason in self.context.verdict.reasons]
        return [code for code in reasons if code not in ("coarse_stamps", "rates_disagree")]


def accepts(kind: Kind) -> type[Any]:
    return next(workload.accepts for workload in Ollama.workloads if workload.kind is kind)


@pytest.fixture
async def racing() -> AsyncIterator[Callable[..., Racing]]:
    """Make a lane of a kind against a stand-in; open it yourself."""
    contexts: list[RecordingContext] = []

    def make(at: StandIn, kind: Kind = LLM, **params: Any) -> Racing:
        context = RecordingContext([metric.name for metric in kind.metrics])
        contexts.append(context)
        wanted = {"model": "tiny", "prompt": "bako remi of kola", "max_tokens": 12, **params}
        lane = Lane(lane_id="l", label="l", kind=kind.name, params=accepts(kind)(**wanted))
        return Racing(Ollama(OllamaConfig(base_url=at.url)), lane, context)

    yield make
    for context in contexts:
        await context.aclose()
