"""An engine that one worker starts goes on when it has ended, and another worker stops it."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from benchrace.plugin import Operation
from benchrace.protocol.agent_worker import OperateOrder, Reply, WorkerSetup
from benchrace.testing import ask, plugin_ref
from benchrace.testing.limits import HANG_S
from tests.agent.conftest import alive

pytestmark = pytest.mark.slow

ENGINE = Path(__file__).parents[2] / "plugin/engine/engine_script.py"
MODULE = """
from benchrace.plugin import *

class Settings(Config, frozen=True, kw_only=True):
    base_url: str
    launch: Launch = Launch()

class Served(Backend):
    name, title, config = "served", "Served", Settings
    workloads = (Workload(kind=COMPUTE),)

    async def round(self, lane, context):
        raise AssertionError("an operation plays no round")

    def process(self, context):
        url = self.settings.base_url
        return EngineProcess(
            self.name, self.settings.launch, context, lambda: answers_at(context, url)
        )

    async def start(self, context):
        return await self.process(context).start()

    async def stop(self, context):
        return await self.process(context).stop()

    async def reset(self, context):
        return await self.process(context).reset()

@hookimpl
def benchrace_backends():
    return [Served]
"""


class Engine:
    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.folder = folder
        (folder / "served_module.py").write_text(MODULE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def do(self, operation: Operation) -> Reply:
        order = OperateOrder(
            setup=WorkerSetup(
                plugins=(plugin_ref("served_module"),),
                config={
                    "served": {
                        "base_url": self.url,
                        "launch": {"command": [sys.executable, str(ENGINE), str(self.port)]},
                    }
                },
                log_dir=str(self.folder / "engines"),
            ),
            operation=operation,
            backend="served",
        )
        reply = ask(order, {"PYTHONPATH": str(self.folder)})
        assert reply is not None
        assert reply.failure is None, reply.failure
        return reply

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, trust_env=False, timeout=HANG_S).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    result = Engine(tmp_path)
    yield result
    for mark in tmp_path.glob("engines/*.pid"):
        pid = int(mark.read_text().split()[0])
        if psutil.pid_exists(pid):
            os.killpg(pid, signal.SIGKILL)


def test_the_engine_outlives_its_worker_and_is_found_again(engine: Engine) -> None:
    first = engine.do(Operation.START).result
    assert first["ok"] is True
    assert engine.answers()
    assert alive(first["pid"])
    answer = engine.do(Operation.RESET).result
    assert (answer["stopped"], answer["healthy"], answer["notes"]) == (True, True, [])
    assert answer["start_log_file"] == str(engine.folder / "engines/served.log")
    assert not alive(first["pid"])
    assert engine.answers()
    assert engine.do(Operation.STOP).result["ok"] is True
    assert not engine.answers()
