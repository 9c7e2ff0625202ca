"""Real llama-server and rpc-server of one build: what the stand-ins cannot prove."""

import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from benchrace.kinds import LLM
from benchrace.plugin import BenchraceError, Lane, Lending, Peer
from benchrace.testing import RecordingContext
from benchrace.testing.limits import HANG_S
from benchrace.testing.processes import running
from benchrace_llamacpp.backend import LlamaCpp
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.lending.rpc_server import Limits, lent
from benchrace_llamacpp.params import GenerateOptions
from benchrace_llamacpp.port import free_port, occupant
from tests.engine.models import Models

NAMES = ("llama-server", "ggml-rpc-server")
VARIABLE = "BENCHRACE_RPC_BIN"
HERE = "127.0.0.1"


def programs() -> list[str | None]:
    """Return the programs in the folder BENCHRACE_RPC_BIN, or on the path."""
    path = os.pathsep.join((os.environ.get(VARIABLE, ""), os.environ["PATH"]))
    return [shutil.which(name, path=path) for name in NAMES]


def linked(folder: Path) -> Path:
    """Return a folder with links to the programs, by which their processes are told from others."""
    folder.mkdir()
    for name, program in zip(NAMES, programs(), strict=True):
        assert program is not None
        (folder / name).symlink_to(program)
    return folder


pytestmark = [
    pytest.mark.anyio,
    pytest.mark.rpc,
    pytest.mark.slow,
    pytest.mark.skipif(
        None in programs(),
        reason=f"no {' and '.join(NAMES)} on PATH or in {VARIABLE}; `make test-rpc` builds them",
    ),
]


class Cluster:
    """Backends and workers of real programs, all on the loopback."""

    def __init__(self, model: Path, logs: Path) -> None:
        self.model = model
        self.logs = logs
        # What is left of a test is found by the folder in its command line.
        self.folder = linked(logs / "bin")
        self.port = free_port(HERE)
        self.context = RecordingContext([metric.name for metric in LLM.metrics])
        self.backend = LlamaCpp(self.config())

    def config(self, **changes: Any) -> LlamaCppConfig:
        values = {
            "llama_server": str(self.folder / NAMES[0]),
            "rpc_server": str(self.folder / NAMES[1]),
            "port": self.port,
            "rpc_port": 0,
            "arguments": ("-t", "1"),
            "rpc_arguments": ("-t", "1"),
        }
        return LlamaCppConfig(**{**values, **changes})

    @asynccontextmanager
    async def worker(self, label: str, **changes: Any) -> AsyncIterator[Peer]:
        limits = Limits(backoff_s=0.1, suspended_s=60, poll_s=0.05)
        lending = Lending(run_id="r", lane_id="l", host=HERE)
        async with lent(self.config(**changes), lending, self.context, limits) as offered:
            yield Peer(
                machine_id=label,
                label=label,
                endpoint=offered.endpoint,
                build=offered.build,
                protocol=offered.protocol,
                devices=offered.devices,
            )

    @asynccontextmanager
    async def workers(self, *labels: str, **changes: Any) -> AsyncIterator[list[Peer]]:
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(self.worker(label, **changes)) for label in labels
            ]

    def lane(self, *peers: Peer, **params: Any) -> Lane[GenerateOptions]:
        values = {"model": str(self.model), "max_tokens": 16, "prompt": "bako remi", **params}
        options = GenerateOptions(**values)
        return Lane(lane_id="l", label="l", kind=LLM.name, params=options, peers=peers)

    async def race(self, lane: Lane[GenerateOptions], number: int = 0) -> Any:
        self.context.begin(number)
        return await self.backend.round(lane, self.context)

    async def failure(self, lane: Lane[GenerateOptions], act: Callable[[], object]) -> str:
        """Run a round, act once a token has come, and return how the round fails."""
        failures: list[BenchraceError] = []

        async def run() -> None:
            try:
                await self.race(lane)
            except BenchraceError as error:
                failures.append(error)

        self.context.tokens.clear()
        with anyio.fail_after(HANG_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run)
                while not self.context.tokens:  # noqa: ASYNC110 - a plain list
                    await anyio.sleep(0.002)
                act()
        return failures[0].message

    def program(self) -> psutil.Process:
        server = self.backend.pool.current
        assert server is not None
        program = server.process.program()
        assert program is not None
        return program

    def nothing_runs(self) -> bool:
        """Check that the port is free, and that no program of this test is left."""
        return not running(self.folder) and occupant(HERE, self.port) is None


@pytest.fixture
async def cluster(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Cluster]:
    monkeypatch.setenv("RESET_LOG_DIR", str(tmp_path))
    monkeypatch.setenv("LLAMA_CACHE", str(tmp_path / "cache"))
    started = Cluster(models.path("tiny"), tmp_path)
    yield started
    await started.backend.pool.stop(started.context)
    await started.context.aclose()
    assert started.nothing_runs()


def kill(endpoint: str, number: signal.Signals = signal.SIGKILL) -> psutil.Process:
    port = int(endpoint.rpartition(":")[2])
    for process in psutil.Process().children(recursive=True):
        if process.name().startswith("ggml-rpc") and str(port) in process.cmdline():
            process.send_signal(number)
            return process
    raise AssertionError(f"no worker listens at {endpoint}")


async def test_over_two_against_on_one(cluster: Cluster) -> None:
    alone = cluster.lane()
    await cluster.backend.open(alone, cluster.context)
    here = await cluster.race(alone)
    assert here.network is None
    await cluster.backend.close(alone, cluster.context)
    async with cluster.workers("mac2", "mac3") as peers:
        over = cluster.lane(*peers)
        await cluster.backend.open(over, cluster.context)
        first = cluster.program()
        records = [await cluster.race(over, number) for number in range(2)]
        assert cluster.program() == first, "the rounds share one start"
        settings = records[0].engine.settings
        assert settings["worker_mac2_model_mib"] > 0
        assert settings["worker_mac3_model_mib"] > 0
        assert settings["worker_mac2_kv_mib"] > 0
        assert settings["worker_mac2_compute_mib"] > 0
        assert settings["layers_on_devices"] == "3/3"
        assert records[0].engine.version == peers[0].build
        assert records[0].network.sent > 0
        assert records[0].answer.usage.output == here.answer.usage.output == 16
        assert "not_distributed" not in {r.code for r in cluster.context.verdict.reasons}
        await cluster.backend.close(over, cluster.context)
        assert not first.is_running()


async def test_fifty_callers_share_one_real_start(cluster: Cluster) -> None:
    async with cluster.workers("mac2") as peers:
        lanes = [cluster.backend.open_lane(cluster.lane(*peers), cluster.context)] * 50
        loads = []

        async def load(index: int) -> None:
            loads.append(await lanes[index].load())

        async with anyio.create_task_group() as tasks:
            for index in range(50):
                tasks.start_soon(load, index)
        assert sum(loaded.ns is not None for loaded in loads) == 1
        # A second start would have renamed the log of the first.
        logs = [path.name for path in cluster.logs.rglob(f"llamacpp-{cluster.port}*")]
        assert logs == [f"llamacpp-{cluster.port}.log"]
        await lanes[0].close()


async def test_a_lane_without_layers_on_its_workers_is_invalid(cluster: Cluster) -> None:
    async with cluster.workers("mac2") as peers:
        empty = cluster.lane(*peers, gpu_layers=0)
        await cluster.backend.open(empty, cluster.context)
        await cluster.race(empty)
        assert "not_distributed" in {r.code for r in cluster.context.verdict.reasons}
        await cluster.backend.close(empty, cluster.context)


async def test_a_worker_killed_in_mid_stream(cluster: Cluster) -> None:
    async with cluster.workers("mac2", "mac3") as peers:
        over = cluster.lane(*peers, max_tokens=3000, num_ctx=8192)
        await cluster.backend.open(over, cluster.context)
        message = await cluster.failure(over, lambda: kill(peers[1].endpoint))
        assert "SIGABRT" in message
        assert "mac3" in message
        await cluster.backend.close(over, cluster.context)
        again = cluster.lane(*peers)
        await cluster.backend.open(again, cluster.context)
        assert (await cluster.race(again, 1)).answer.usage.output == 16
        await cluster.backend.close(again, cluster.context)


async def test_a_worker_that_hangs_in_mid_stream(cluster: Cluster) -> None:
    async with cluster.workers("mac2", "mac3") as peers:
        over = cluster.lane(*peers, max_tokens=3000, num_ctx=8192, idle_s=1.0)
        await cluster.backend.open(over, cluster.context)
        message = await cluster.failure(over, lambda: kill(peers[0].endpoint, signal.SIGSTOP))
        assert "worker mac2" in message
        assert "answers nothing" in message
        with pytest.raises(BenchraceError, match="worker mac2"):
            await cluster.backend.open(over, cluster.context)
        kill(peers[0].endpoint, signal.SIGCONT)
        again = cluster.lane(*peers)
        await cluster.backend.open(again, cluster.context)
        assert (await cluster.race(again, 1)).answer.usage.output == 16
        await cluster.backend.close(again, cluster.context)


async def test_a_worker_killed_while_idle(cluster: Cluster) -> None:
    async with cluster.workers("mac2") as peers:
        over = cluster.lane(*peers)
        await cluster.backend.open(over, cluster.context)
        before = kill(peers[0].endpoint)
        with anyio.fail_after(HANG_S):
            while before.is_running():  # noqa: ASYNC110 - the system's own state
                await anyio.sleep(0.01)
        with pytest.raises(BenchraceError) as raised:
            await cluster.race(over)
        assert "worker mac2" in raised.value.message
        assert "has closed its connection" in raised.value.message
        await cluster.backend.close(over, cluster.context)
        await cluster.backend.open(over, cluster.context)
        assert (await cluster.race(over, 1)).answer.usage.output == 16
        await cluster.backend.close(over, cluster.context)


async def test_a_killed_coordinator_leaves_its_workers(cluster: Cluster) -> None:
    async with cluster.workers("mac2") as peers:
        over = cluster.lane(*peers, max_tokens=3000, num_ctx=8192)
        await cluster.backend.open(over, cluster.context)
        message = await cluster.failure(over, lambda: cluster.program().kill())
        assert "SIGKILL" in message
        await cluster.backend.close(over, cluster.context)
        again = cluster.lane(*peers)
        await cluster.backend.open(again, cluster.context)
        assert (await cluster.race(again, 1)).answer.usage.output == 16
        await cluster.backend.close(again, cluster.context)
    assert not any("started again" in text for _, text in cluster.context.logs if "rpc" in text)


async def test_a_foreign_listener_is_named(cluster: Cluster) -> None:
    with socket.create_server((HERE, cluster.port)), pytest.raises(BenchraceError) as raised:
        await cluster.backend.open(cluster.lane(), cluster.context)
    assert f"process {os.getpid()}" in raised.value.message


async def test_a_broken_model_tells_the_end_of_the_log(cluster: Cluster, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(BenchraceError) as raised:
        await cluster.backend.open(cluster.lane(model=str(broken)), cluster.context)
    assert "exited with status 1" in raised.value.message
    assert "failed to load model" in raised.value.message


async def test_the_second_load_from_the_workers_cache_is_warm(
    models: Models, cluster: Cluster
) -> None:
    # Only tensors of more than 10 MiB are cached.
    cluster.model = models.path("mid", "q8_0")
    labels, sent = [], []
    async with cluster.workers("mac2", worker_cache=True) as peers:
        for _ in range(2):
            over = cluster.lane(*peers, max_tokens=1)
            await cluster.backend.open(over, cluster.context)
            server = cluster.backend.pool.current
            assert server is not None
            assert server.started is not None
            labels.append((await cluster.race(over)).engine.settings["worker_cache"])
            sent.append(server.started.sent or 0)
            await cluster.backend.close(over, cluster.context)
    assert labels[1] == "warm"
    # The layers of this model have equal weights, so that the first load hits the cache as well.
    assert sent[1] < sent[0]
    assert any((cluster.logs / "cache").rglob("*"))
