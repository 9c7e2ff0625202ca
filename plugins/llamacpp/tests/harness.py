"""Backends whose programs are stand-ins, workers that they lend, and lanes that race."""

import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from benchrace.kinds import LLM
from benchrace.plugin import Lane, Lending, Lent, Peer
from benchrace.testing import RecordingContext
from benchrace.testing.limits import HANG_S
from benchrace.testing.processes import running
from benchrace_llamacpp.backend import LlamaCpp
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.coordinator.pool import Coordinators
from benchrace_llamacpp.lending.rpc_server import Limits, lent
from benchrace_llamacpp.params import GenerateOptions
from benchrace_llamacpp.port import free_port, occupant
from benchrace_llamacpp.process import is_running

HERE = Path(__file__).parent
QUICK = Limits(backoff_s=0.05, suspended_s=0.2, poll_s=0.05)


class Bench:
    """A folder with programs and models; `set` changes what the programs do."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.set: Callable[[str, str], None] = monkeypatch.setenv
        self.contexts: list[RecordingContext] = []
        self.backends: list[LlamaCpp] = []
        self.pools: list[Coordinators] = []
        self.models = folder / "models"
        self.models.mkdir()
        (self.models / "mid.gguf").write_bytes(b"GGUF" + bytes(100))
        (self.models / "other.gguf").write_bytes(b"GGUF" + bytes(200))
        self.server = self.program("llama-server", "stand_in.llama_server")
        self.rpc = self.program("ggml-rpc-server", "stand_in.rpc_server")
        monkeypatch.setenv("SERVER_STARTS", str(folder / "starts"))

    def program(self, name: str, module: str) -> str:
        path = self.folder / name
        # Its command line names the folder, by which what is left of a test is found.
        python = f'"{sys.executable}" -S -X "{self.folder}"'
        path.write_text(f'#!/bin/sh\nPYTHONPATH="{HERE}" exec {python} -m {module} "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    @property
    def starts(self) -> int:
        """How often llama-server was started for a model."""
        path = self.folder / "starts"
        return len(path.read_text().split()) if path.exists() else 0

    def config(self, **changes: Any) -> LlamaCppConfig:
        values = {
            "llama_server": self.server,
            "rpc_server": self.rpc,
            "models": (str(self.models),),
            "port": free_port("127.0.0.1"),
            "rpc_port": 0,
            "start_timeout_s": 30.0,
        }
        return LlamaCppConfig(**{**values, **changes})

    def context(self) -> RecordingContext:
        self.contexts.append(RecordingContext([metric.name for metric in LLM.metrics]))
        return self.contexts[-1]

    def backend(self, **changes: Any) -> LlamaCpp:
        self.backends.append(LlamaCpp(self.config(**changes)))
        return self.backends[-1]

    @asynccontextmanager
    async def lending(
        self, label: str = "mac2", limits: Limits = QUICK, **changes: Any
    ) -> AsyncIterator[Peer]:
        """Lend a worker, as the agent of its machine does."""
        lending = Lending(run_id="run", lane_id="lane", host="127.0.0.1")
        async with lent(self.config(**changes), lending, self.context(), limits) as offered:
            yield peer(offered, label)

    def left(self) -> list[str]:
        """Return the processes whose command lines name this folder: its programs and guards."""
        return running(self.folder)

    async def aclose(self) -> None:
        for pool in (*self.pools, *(backend.pool for backend in self.backends)):
            await pool.stop(self.context())
        for context in self.contexts:
            await context.aclose()
        assert self.left() == []


def peer(offered: Lent, label: str) -> Peer:
    return Peer(
        machine_id=label,
        label=label,
        endpoint=offered.endpoint,
        build=offered.build,
        protocol=offered.protocol,
        devices=offered.devices,
    )


def lane(*peers: Peer, **params: Any) -> Lane[GenerateOptions]:
    values = {"model": "mid", "max_tokens": 16, "prompt": "bako remi", "idle_s": 2.0, **params}
    return Lane(
        lane_id="l", label="l", kind=LLM.name, params=GenerateOptions(**values), peers=peers
    )


def listener(endpoint: str) -> psutil.Process:
    """Return the process that listens at an endpoint."""
    host, _, port = endpoint.rpartition(":")
    owner = occupant(host, int(port))
    assert owner is not None, f"nothing listens at {endpoint}"
    assert owner.pid is not None
    return psutil.Process(owner.pid)


def end(endpoint: str, number: signal.Signals = signal.SIGKILL) -> psutil.Process:
    """Send a signal to the worker at an endpoint, not to what watches it."""
    process = listener(endpoint)
    os.kill(process.pid, number)
    return process


async def gone(process: psutil.Process) -> None:
    """Return once a process has ended; what watches it runs in this loop."""
    with anyio.fail_after(HANG_S):
        # The system's own state: nothing to wait on.
        while is_running(process):  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def race(
    backend: LlamaCpp, racing: Lane[GenerateOptions], context: RecordingContext, number: int = 0
) -> Any:
    """Run one round and return its record."""
    context.begin(number)
    return await backend.round(racing, context)
