"""Connections of a server: their certificates, and what is left of those that have closed."""

import gc
import socket
import struct
from typing import Any

import anyio
import pytest
from anyio import to_thread
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import RawData

from benchrace.testing.limits import HANG_S
from benchrace.web.asgi import protocol
from benchrace.web.asgi.server import Server
from benchrace.web.asgi.types import CERTIFICATE, Receive, Scope, Send, answer
from benchrace.web.connections import Connections
from benchrace.web.shutdown import Shutdown

REQUEST = b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def dial(listening: socket.socket, port: int) -> socket.socket:
    """Connect from a chosen port, which is free again as soon as the connection is reset."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.settimeout(HANG_S)
    client.bind(("127.0.0.1", port))
    client.connect(listening.getsockname())
    return client


def accept(listening: socket.socket) -> socket.socket:
    accepted, _ = listening.accept()
    accepted.setblocking(False)
    return accepted


async def ask(client: socket.socket, path: bytes) -> None:
    """Send a request, and read the answer to its end."""
    client.sendall(REQUEST % path)
    received = b""
    while not received.endswith(b"ok"):
        piece = await to_thread.run_sync(client.recv, 1 << 12)
        assert piece, received
        received += piece


async def test_a_port_that_is_used_again_keeps_the_newer_connection() -> None:
    entered, release, over = anyio.Event(), anyio.Event(), anyio.Event()
    certificates: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        certificates.append(CERTIFICATE in scope)
        if scope["path"] == "/hold":
            entered.set()
            with anyio.CancelScope(shield=True):
                await release.wait()
            return
        await answer(scope, send, 200, "text/plain", b"ok")

    server = Server(app, Shutdown(), Connections(), None)

    async def first(accepted: socket.socket) -> None:
        await server.connected(accepted)
        over.set()

    with socket.create_server(("127.0.0.1", 0)) as listening, anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            old = dial(listening, 0)
            port = old.getsockname()[1]
            tasks.start_soon(first, accept(listening))
            old.sendall(REQUEST % b"hold")
            await entered.wait()
            old.close()
            with dial(listening, port) as new:
                tasks.start_soon(server.connected, accept(listening))
                release.set()
                await over.wait()
                await ask(new, b"ask")
    assert certificates == [True, True]


async def test_a_closed_connection_leaves_nothing_to_collect() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, send, 200, "text/plain", b"ok")

    def servers() -> set[int]:
        return {id(one) for one in gc.get_objects() if type(one) is TCPServer}

    server = Server(app, Shutdown(), Connections(), None)
    gc.collect()
    before = servers()
    gc.disable()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening, anyio.fail_after(HANG_S):
            for _ in range(3):
                async with anyio.create_task_group() as tasks:
                    with dial(listening, 0) as client:
                        tasks.start_soon(server.connected, accept(listening))
                        await ask(client, b"ask")
        assert servers() <= before
    finally:
        gc.enable()


async def test_what_is_written_to_a_closed_connection_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A viewer may go while a piece of its stream waits for it."""
    served: list[TCPServer] = []

    class Recorded(TCPServer):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            served.append(self)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, send, 200, "text/plain", b"ok")

    monkeypatch.setattr(protocol, "TCPServer", Recorded)
    server = Server(app, Shutdown(), Connections(), None)
    with socket.create_server(("127.0.0.1", 0)) as listening, anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            with dial(listening, 0) as client:
                tasks.start_soon(server.connected, accept(listening))
                await ask(client, b"ask")
        await served[0].protocol_send(RawData(b"late"))
