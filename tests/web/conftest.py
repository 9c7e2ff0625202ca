"""A small application behind the real edge, on a real port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
import pytest
from quart import Quart, Response, request

from benchrace.api.session import Right
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.web import body, error_handlers, serving, sse
from benchrace.web.asgi import protocol
from benchrace.web.asgi.types import App, Receive, Scope, Send
from benchrace.web.auth.access import Access
from benchrace.web.guard import MAX_BODY_BYTES, Guard, Policy
from benchrace.web.serving import Listener, listen, serve
from benchrace.web.shutdown import Shutdown
from benchrace.web.socket import Socket, SocketClosed
from benchrace.web.token import Tokens, sha256_of


@dataclass
class Memory:
    """A log in memory."""

    data: bytes = b""
    epoch: int = 0
    closed: bool = False
    grown: anyio.Event = field(default_factory=anyio.Event)
    largest: int = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def add(self, data: bytes) -> None:
        self.data += data
        self.grown.set()
        self.grown = anyio.Event()

    def close(self) -> None:
        self.closed = True
        self.add(b"")

    def read(self, offset: int, limit: int = 1 << 16) -> bytes:
        chunk = self.data[offset : offset + limit]
        self.largest = max(self.largest, len(chunk))
        return chunk[: chunk.rfind(b"\n") + 1]

    def is_line_start(self, offset: int) -> bool:
        return 0 <= offset <= self.size and (not offset or self.data[offset - 1] == 10)

    async def changed(self, offset: int) -> None:
        while self.size <= offset and not self.closed:
            await self.grown.wait()


@dataclass
class Edge:
    """What is served: `state` is seen by the routes."""

    listener: Listener
    log: Memory
    shutdown: Shutdown
    viewers: sse.Viewers
    stop: anyio.Event
    stopped: anyio.Event = field(default_factory=anyio.Event)

    @property
    def url(self) -> str:
        return self.listener.url


async def fail(how: str) -> dict[str, Any]:
    match how:
        case "field":
            raise InvalidInput(FieldError("lanes[1].params.n", "is negative"))
        case "busy":
            raise BenchraceError(Category.BUSY, "busy")
        case "full":
            raise BenchraceError(Category.DISK_FULL, "full")
        case _:
            raise RuntimeError("a secret of the program")


def application(log: Memory, shutdown: Shutdown, viewers: sse.Viewers) -> Quart:
    app = Quart("edge")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    error_handlers.install(app)

    @app.get("/health")
    async def health() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/things")
    async def things() -> dict[str, int]:
        return {"things": 1}

    @app.post("/things")
    async def change() -> dict[str, Any]:
        return await body.read(request, dict[str, Any])

    app.get("/fail/<how>")(fail)

    @app.get("/events")
    async def events() -> Response:
        start = sse.position(request.headers.get("Last-Event-ID") or request.args.get("after"))
        return sse.stream(log, start, shutdown=shutdown, viewers=viewers, snapshot_url="/snapshot")

    @app.get("/flood")
    async def flood() -> Response:
        async def bytes_for_ever() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536

        response = Response(bytes_for_ever(), content_type="text/plain")
        response.timeout = None
        return response

    return app


def with_echo(app: App) -> App:
    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        socket = Socket(scope, receive, send)
        await socket.accept()
        try:
            while True:
                await socket.send(await socket.receive())
        except SocketClosed:
            return

    return routed


@asynccontextmanager
async def served(policy: Policy, viewers: int = 8) -> AsyncIterator[Edge]:
    shutdown = Shutdown()
    edge = Edge(listen("127.0.0.1", 0), Memory(), shutdown, sse.Viewers(viewers), anyio.Event())
    app = Guard(with_echo(application(edge.log, shutdown, edge.viewers)), policy)

    async def run(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        await serve(app, edge.listener, shutdown, edge.stop.wait, task_status=task_status)
        edge.stopped.set()

    async with anyio.create_task_group() as group:
        await group.start(run)
        try:
            yield edge
        finally:
            edge.stop.set()


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    names = frozenset({"declared.example", "declared.local"})
    async with served(Policy(names=names)) as address:
        yield address


@pytest.fixture
async def token_edge() -> AsyncIterator[Edge]:
    access = Access(tokens=Tokens(entries=lambda: ((sha256_of("right"), Right.OPERATE),)))
    policy = Policy(
        access=access,
        is_public=frozenset({"/health", "/assets/x.js"}).__contains__,
        is_open=frozenset({"/open"}).__contains__,
    )
    async with served(policy) as address:
        yield address


@pytest.fixture
async def stalled_edge(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Edge]:
    monkeypatch.setattr(serving, "STALLED_MS", 1000)
    async with served(Policy()) as address:
        yield address


@pytest.fixture
async def hasty_edge(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Edge]:
    monkeypatch.setattr(protocol, "IDLE_S", 0.2)
    async with served(Policy()) as address:
        yield address
