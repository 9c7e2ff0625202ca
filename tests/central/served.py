"""The whole of a served central: its real port, its real routes, its real link."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx

from benchrace.central.server import Extend, serve
from benchrace.central.settings import CentralSettings
from benchrace.testing.limits import HANG_S
from tests import local_http
from tests.central.hosting import QUICK
from tests.central.offer import TOKEN
from tests.central.scripted import FakeAgent

SPEC: dict[str, Any] = {"kind": "work", "params": {"n": 10}, "rounds": 3}


class Served:
    """A central at `url`; `http` asks it."""

    def __init__(
        self, url: str, http: httpx.AsyncClient, group: anyio.abc.TaskGroup, data: Path
    ) -> None:
        self.url = url
        self.data = data
        self.http = http
        self.group = group
        self.stop = anyio.Event()

    async def link(self, *agents: FakeAgent) -> None:
        for agent in agents:
            self.group.start_soon(agent.run, self.url.replace("http", "ws") + "/api/v1/link")
            await agent.linked.wait()

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def submit(self, **changes: Any) -> str:
        answer = await self.http.post("/api/runs", json=SPEC | changes)
        assert answer.status_code == 202, answer.text
        run_id: str = answer.json()["run_id"]
        return run_id

    async def over(self, run_id: str) -> Any:
        """Wait for a run's end, as its log says it, and give its document."""
        headers = {"Accept": "text/event-stream"}
        async with self.http.stream("GET", f"/api/runs/{run_id}/events", headers=headers) as log:
            async for chunk in log.aiter_text():
                if "event: end" in chunk:
                    break
        await self.until(lambda: self.state(run_id), ("done", "failed", "cancelled"))
        return await self.get(f"/api/runs/{run_id}")

    async def state(self, run_id: str) -> str:
        return str((await self.get(f"/api/runs/{run_id}"))["state"])

    async def until(self, ask: Callable[[], Awaitable[object]], wanted: tuple[object, ...]) -> None:
        """Wait for an answer that only asking again can give."""
        with anyio.fail_after(HANG_S):
            while await ask() not in wanted:  # noqa: ASYNC110 - it is on the other side
                await anyio.sleep(0.005)


@asynccontextmanager
async def served(
    data: Path, extend: Extend | None = None, **settings: Any
) -> AsyncIterator[Served]:
    """Serve a central on a free port, and end it in order."""
    options: dict[str, Any] = {"data": data, "port": 0, "token": TOKEN, "limits": QUICK}
    chosen = CentralSettings(**options | settings)
    urls: list[str] = []
    listening = anyio.Event()

    def ready(url: str) -> None:
        urls.append(url)
        listening.set()

    stop = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(partial(serve, chosen, extend=extend, ready=ready, stop=stop.wait))
        await listening.wait()
        async with (
            local_http.async_client(urls[0], timeout=HANG_S) as http,
            anyio.create_task_group() as agents,
        ):
            result = Served(urls[0], http, agents, data)
            yield result
            agents.cancel_scope.cancel()
        stop.set()
