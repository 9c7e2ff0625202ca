"""A model over two machines, by whole processes: central, agents, llama-server and its workers.

With real programs where they are built, and once with stand-ins that speak as the recorded ones.
"""

import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchrace.testing.processes import running
from benchrace_llamacpp.port import free_port, occupant
from tests.agent.conftest import AgentProcess, wait_for
from tests.central.offer import TOKEN
from tests.engine.models import Models
from tests.engine.test_rpc import NAMES, VARIABLE, linked, programs
from tests.flow.team_fleet import TeamFleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[2]
WORKER = "ggml-rpc-server"
OVER_TWO: dict[str, Any] = {"machine_id": "a", "workers": ["b"], "backend": "llamacpp"}
ALONE: dict[str, Any] = {"machine_id": "c", "backend": "llamacpp"}


REAL = pytest.mark.skipif(
    None in programs(),
    reason=f"no llama-server, {WORKER} ({VARIABLE}): `make test-rpc` builds them",
)


class LlamaFleet(TeamFleet):
    """Machines whose llama.cpp listens on ports of their own."""

    def __init__(self, folder: Path, server: str, worker: str, model: Path) -> None:
        super().__init__(folder)
        self.table = {"llama_server": server, "rpc_server": worker, "rpc_port": 0}
        self.programs = Path(server).parent
        self.model = model
        self.ports: list[int] = []

    def start_agent(self, name: str, central: str | None = None, **settings: Any) -> None:
        """Start a machine's agent, and wait until it offers llama.cpp."""
        self.ports.append(free_port("127.0.0.1"))
        table = {**self.table, "port": self.ports[-1]}
        self.agents[name] = AgentProcess(
            self._folder / name,
            machine_id=name,
            label=name.upper(),
            central=central or self.url,
            token=TOKEN,
            tables={"llamacpp": table},
            **settings,
        ).started()
        wait_for(lambda: self.machine(name)["state"] == "ready" and self._has_llamacpp(name))

    def race(self, *lanes: dict[str, Any], **params: Any) -> str:
        values = {"model": str(self.model), "max_tokens": 8, "prompt": "bako", "idle_s": 5}
        spec = {"kind": "llm_generate", "params": {**values, **params}}
        return self.submit(*lanes, **spec)

    def left(self) -> list[str]:
        """Return the programs that still run, and the ports that are still taken."""
        ports = [str(port) for port in self.ports if occupant("127.0.0.1", port)]
        return running(self.programs) + ports

    def _has_llamacpp(self, name: str) -> bool:
        backends = self.machine(name)["backends"]
        return any(one["name"] == "llamacpp" and one["reachable"] for one in backends)


def executable(folder: Path, name: str, module: str) -> str:
    path, tests = folder / name, ROOT / "plugins/llamacpp/tests"
    python = f'"{sys.executable}" -S -X "{folder}"'
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{tests}" exec {python} -m {module} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaFleet]:
    """Return machines with the real programs."""
    folder = tmp_path_factory.mktemp("llama")
    model = Models(folder).path("tiny")
    programs = linked(folder / "bin")
    server, worker = (str(programs / name) for name in NAMES)
    with LlamaFleet(folder, server, worker, model).serving("abc") as started:
        yield started


@pytest.fixture
def stand_ins(tmp_path: Path) -> Iterator[LlamaFleet]:
    """Return two machines whose programs speak as the recorded ones did."""
    folder, model = tmp_path / "bin", tmp_path / "model.gguf"
    folder.mkdir()
    model.write_bytes(b"GGUF" + bytes(100))
    server = executable(folder, "llama-server", "stand_in.llama_server")
    worker = executable(folder, WORKER, "stand_in.rpc_server")
    with LlamaFleet(tmp_path, server, worker, model).serving("ab") as started:
        yield started


def records(fleet: LlamaFleet, run_id: str) -> list[dict[str, Any]]:
    """Return what the counted rounds of the lane over two machines recorded."""
    run = fleet.get(f"/api/runs/{run_id}")
    lane = run["lanes"][0]["lane_id"]
    return [
        event["payload"]["record"]
        for event in fleet.events(run_id)
        if event["type"] == "round_done" and event["lane_id"] == lane and event["payload"]["record"]
    ]


@pytest.mark.rpc
@REAL
def test_over_two_machines_against_one(fleet: LlamaFleet) -> None:
    run_id = fleet.race(OVER_TWO, ALONE)
    run = fleet.over(run_id)
    assert run["state"] == "done", run["failure"]
    assert [lane["counted"] for lane in run["lanes"]] == [2, 2]
    (peer,) = run["lanes"][0]["peers"]
    assert (peer["machine_id"], peer["protocol"]) == ("b", "7.0.0")
    for record in records(fleet, run_id):
        settings = record["engine"]["settings"]
        assert settings["workers"] == "B"
        assert settings["worker_B_model_mib"] > 0
        assert record["network"]["sent"] or record["network"]["unknown"]
    wait_for(lambda: not fleet.left())


@pytest.mark.rpc
@REAL
def test_a_killed_worker_is_named_and_the_next_round_is_well(fleet: LlamaFleet) -> None:
    run_id = fleet.race(OVER_TWO, max_tokens=1500, num_ctx=4096)
    wait_for(lambda: any(event["type"] == "llm_token" for event in fleet.events(run_id)))
    for process in psutil.Process(fleet.agents["b"].process.pid).children(recursive=True):
        command = " ".join(process.cmdline())
        if "guard.py" not in command and ("rpc_server" in command or WORKER in command):
            os.kill(process.pid, signal.SIGKILL)
    run = fleet.over(run_id)
    # A run is done only if every round counts; the round after the failed one does.
    assert (run["state"], run["lanes"][0]["counted"]) == ("failed", 1)
    assert "llama-server was ended by SIGABRT" in run["failure"]["message"]
    assert "worker B" in run["failure"]["message"]
    wait_for(lambda: not fleet.left())


@pytest.mark.rpc
@REAL
def test_a_cancelled_race_leaves_nothing(fleet: LlamaFleet) -> None:
    run_id = fleet.race(OVER_TWO, max_tokens=3000, num_ctx=8192)
    wait_for(lambda: any(event["type"] == "llm_token" for event in fleet.events(run_id)))
    assert fleet.left()
    fleet.http.post(f"/api/runs/{run_id}/cancel", json={})
    assert fleet.over(run_id)["state"] == "cancelled"
    wait_for(lambda: not fleet.left())


def test_a_killed_agent_of_a_worker_leaves_no_process(stand_ins: LlamaFleet) -> None:
    fleet = stand_ins
    run_id = fleet.race(OVER_TWO, max_tokens=30_000, num_ctx=32_768)
    wait_for(lambda: any(event["type"] == "llm_token" for event in fleet.events(run_id)))
    (peer,) = fleet.get(f"/api/runs/{run_id}")["lanes"][0]["peers"]
    assert (peer["machine_id"], peer["protocol"]) == ("b", "7.0.0")
    # Each program and its guard, on both machines.
    assert len([line for line in fleet.left() if "guard.py" in line]) == 2
    fleet.kill_agent("b")
    run = fleet.over(run_id)
    assert run["state"] in ("failed", "interrupted")
    assert "B" in run["failure"]["message"]
    wait_for(lambda: not fleet.left())
