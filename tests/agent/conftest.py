"""Real agents as processes, and workers that do as they are told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from benchrace.agent.settings import WORKER
from benchrace.testing.limits import HANG_S
from tests import descriptions, local_http
from tests.agent import start_agent as program
from tests.forked import ForkedWithPipe, can_fork

HERE = Path(__file__).parent
FAKE = [sys.executable, str(HERE / "fake_worker.py")]
Process = ForkedWithPipe | subprocess.Popen[str]


class AgentProcess:
    """One agent; `settings` as `AgentSettings` has them, `url` once it is ready."""

    def __init__(
        self, data: Path, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        options = {
            "data": str(data),
            "machine_id": "m1",
            "label": "Machine 1",
            "port": 0,
            "share_host": True,
            "defaults": {"sampling_s": 0},
            **settings,
        }
        self.data = data
        worker = tuple(settings.get("worker", WORKER))
        if not data.is_file():
            descriptions.lay_out(data, None if worker == WORKER else worker)
        self.process = _start(
            msgspec.json.encode(options).decode(), {**os.environ, **(environment or {})}
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.http = local_http.client(self.url, timeout=HANG_S)

    def started(self) -> "AgentProcess":
        assert self.url.startswith("http://"), self.process.communicate()[1]
        return self

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, *acts: str, **more: Any) -> str:
        """Start a job of the fake worker and give its id."""
        request = {"kind": "acting", "params": {"acts": acts}, **more}
        answer = self.http.post("/jobs", json=request)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def until(self, job_id: str, *states: str) -> Any:
        """Wait until the job is in one of `states`."""
        return wait_for(lambda: (job := self.get(f"/jobs/{job_id}"))["state"] in states and job)

    def events(self, job_id: str, since: int = 0) -> list[Any]:
        result = self.get(f"/jobs/{job_id}/events?since={since}")["events"]
        assert isinstance(result, list)
        return result

    def worker_pid(self, job_id: str) -> int:
        path = self.data / "jobs" / job_id / "worker.json"
        return int(
            msgspec.json.decode(wait_for(lambda: path.exists() and path.read_bytes()))["pid"]
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def close(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def _start(options: str, environment: Mapping[str, str]) -> Process:
    if can_fork(environment):
        return ForkedWithPipe(program.run, options, environment)
    return subprocess.Popen(
        [sys.executable, str(HERE / "start_agent.py"), options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def wait_for(look: Callable[[], Any], seconds: float = HANG_S) -> Any:
    """Look until there is something to see, less often the longer it takes."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if result := look():
            return result
        # What is looked at has work to do, too.
        time.sleep(min(0.1, 0.01 + passed / 20))
    raise AssertionError(f"not seen within {seconds} s")


def alive(pid: int) -> bool:
    """Check whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


StartAgent = Callable[..., AgentProcess]


@pytest.fixture
def start_agent(tmp_path: Path) -> Iterator[StartAgent]:
    """Start agents with the scripted worker on one data folder; all end with the test."""
    agents: list[AgentProcess] = []

    def start(**settings: Any) -> AgentProcess:
        data = settings.pop("data", tmp_path / "data")
        agents.append(AgentProcess(data, **{"worker": FAKE, **settings}))
        return agents[-1]

    yield start
    for agent in agents:
        agent.close()


@pytest.fixture
def agent(start_agent: StartAgent) -> AgentProcess:
    return start_agent().started()


@pytest.fixture(scope="module")
def agent_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """Start one agent for all tests of a module that leave it as it was."""
    agent = AgentProcess(tmp_path_factory.mktemp("agent") / "data", worker=FAKE)
    yield agent.started()
    agent.close()


@pytest.fixture
def shared_agent(agent_of_module: AgentProcess) -> Iterator[AgentProcess]:
    """Return the module's agent; a job that a failed test leaves is cancelled."""
    yield agent_of_module
    for job in agent_of_module.get("/jobs")["jobs"]:
        if job["ended_at"] is None:
            agent_of_module.http.post(f"/jobs/{job['job_id']}/cancel")
            agent_of_module.until(job["job_id"], "cancelled", "failed", "done")
