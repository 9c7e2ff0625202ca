"""A central that can be killed, with scripted agents on its real link."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
from anyio import to_thread

from benchrace.testing.limits import HANG_S
from tests import local_http
from tests.central.scripted import FakeAgent
from tests.central.scripted_job import FakeJob
from tests.faults import start_central
from tests.forked import Process, start

SPEC: dict[str, Any] = {"kind": "work", "params": {"n": 10}, "rounds": 3, "warmup": 0}


class CentralProcess:
    """One data folder, and the central process that serves it now; its port stays."""

    def __init__(self, data: Path, env: Mapping[str, str] | None = None) -> None:
        self.data = data
        self._env = env
        self._port = 0
        self._process: Process | None = None
        self.url = ""
        self.http: httpx.AsyncClient

    async def start(self) -> None:
        process = self._process = self._spawn()
        assert process.stdout is not None
        self.url = (await to_thread.run_sync(process.stdout.readline)).strip()
        assert self.url.startswith("http://"), process.communicate()[1]
        self._port = int(self.url.rsplit(":", 1)[1])
        self.http = local_http.async_client(self.url, timeout=HANG_S)

    def _spawn(self) -> Process:
        options = json.dumps({"data": str(self.data), "port": self._port})
        return start(start_central.run, options, self._env)

    @property
    def link(self) -> str:
        return self.url.replace("http", "ws", 1) + "/api/v1/link"

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self.ended()

    async def ended(self) -> None:
        """Wait until the process is gone, however it ends."""
        assert self._process is not None
        await to_thread.run_sync(self._process.communicate)
        await self.http.aclose()
        self._process = None

    async def submit(self, **changes: Any) -> str:
        answer = await self.http.post("/api/runs", json=SPEC | changes)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run_id"])

    async def over(self, run_id: str) -> str:
        """Wait until a run is over, and return its state."""
        state = ""

        async def is_over() -> bool:
            nonlocal state
            answer = await self.http.get(f"/api/runs/{run_id}")
            assert answer.status_code == 200, answer.text
            state = answer.json()["state"]
            return state not in ("queued", "running") and self.summary(run_id).exists()

        await until(is_over)
        return state

    def summary(self, run_id: str) -> Path:
        return self.data / "runs" / run_id / "summary.json"

    def streams(self, run_id: str) -> dict[tuple[str, str], list[bytes]]:
        """Return the lines of a run's log by job and stream."""
        streams: dict[tuple[str, str], list[bytes]] = {}
        for line in (self.data / "runs" / run_id / "events.ndjson").read_bytes().splitlines(True):
            head = json.loads(line)
            streams.setdefault((head["job_id"], head["stream"]), []).append(line)
        return streams

    def lines(self, run_id: str, job: FakeJob, stream: str = "work") -> list[bytes]:
        """Return what the run's log has of a job's stream."""
        return self.streams(run_id).get((job.spec.job_id, stream), [])

    def epoch(self, run_id: str) -> int:
        path = self.data / "runs" / run_id / "metadata.json"
        return int(json.loads(path.read_bytes())["epoch"])


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for what only looking again shows."""
    with anyio.fail_after(HANG_S):
        while True:
            seen = holds()
            if seen if isinstance(seen, bool) else await seen:
                return
            await anyio.sleep(0.01)


@asynccontextmanager
async def linked(central: CentralProcess, *agents: FakeAgent) -> AsyncIterator[anyio.abc.TaskGroup]:
    """Start central, and link agents that stay until the block ends."""
    await central.start()
    try:
        async with anyio.create_task_group() as machines:
            for agent in agents:
                machines.start_soon(agent.run, central.link)
            for agent in agents:
                with anyio.fail_after(HANG_S):
                    await agent.linked.wait()
            yield machines
            machines.cancel_scope.cancel()
    finally:
        await central.kill()
