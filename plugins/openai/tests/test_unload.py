"""What servers let go of before another lane opens, against scripted servers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchrace.testing import RecordingContext
from benchrace.testing.server import Peer, Request, serving
from benchrace_openai.config import Server
from benchrace_openai.load import release

pytestmark = pytest.mark.anyio
PROPS = {"default_generation_settings": {"n_ctx": 512}}


class Router:
    """A llama-server that routes: it has models, some of them loaded."""

    def __init__(self, **models: str) -> None:
        self.models = models
        self.router = bool(models)

    async def answer(self, peer: Peer, request: Request) -> None:
        path = request.head.split(b" ")[1]
        if path == b"/models/unload":
            self.models[json.loads(request.body)["model"]] = "unloaded"
        body = json.dumps(self._read(path)).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        await peer.say(head % len(body) + body)

    def _read(self, path: bytes) -> Any:
        if path == b"/props":
            return {**PROPS, **({"role": "router"} if self.router else {})}
        if not self.router:
            return {"data": [{"id": "only"}]}
        named = self.models.items()
        return {"data": [{"id": name, "status": {"value": state}} for name, state in named]}

    @asynccontextmanager
    async def served(self, name: str) -> AsyncIterator[Server]:
        async with serving(self.answer) as served:
            yield Server(base_url=f"http://127.0.0.1:{served.port}", name=name)


async def released(servers: list[Server], keep: Server | None, model: str = "") -> list[str]:
    context = RecordingContext()
    try:
        return await release(servers, keep, model, context)
    finally:
        await context.aclose()


async def test_a_router_lets_go_of_all_but_what_the_lane_needs() -> None:
    router = Router(a="loaded", b="loaded", c="unloaded")
    async with router.served("one") as server:
        assert await released([server], server, "a") == []
        assert router.models == {"a": "loaded", "b": "unloaded", "c": "unloaded"}
        assert await released([server], None) == []
        assert router.models["a"] == "unloaded"


async def test_a_server_that_others_started_stays_and_is_named() -> None:
    async with Router().served("mine") as mine, Router().served("other") as other:
        (stayed,) = await released([mine, other], mine, "")
        assert stayed.startswith("other (")
        assert "it cannot unload" in stayed
        assert len(await released([mine, other], None)) == 2


async def test_a_server_that_does_not_answer_holds_nothing() -> None:
    async with Router().served("gone") as gone:
        pass
    assert await released([gone], None) == []
