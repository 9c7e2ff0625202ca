"""Binding and ending, with everything open that can be."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchrace.errors import BenchraceError, Category
from benchrace.testing.limits import HANG_S
from benchrace.web.serving import is_loopback, listen
from tests import local_http

pytestmark = pytest.mark.slow


def test_port_0_tells_the_port() -> None:
    listener = listen("127.0.0.1", 0)
    assert listener.port > 0
    assert listener.url == f"http://127.0.0.1:{listener.port}"
    listener.sock.close()


def test_a_used_port_is_one_line() -> None:
    first = listen("127.0.0.1", 0)
    with pytest.raises(BenchraceError, match=f"port {first.port} .* in use") as caught:
        listen("127.0.0.1", first.port)
    assert caught.value.category is Category.SYSTEM
    assert "--port" in caught.value.remedy
    assert "\n" not in caught.value.message
    first.sock.close()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no.such.invalid", 0), ("", 70000)])
def test_no_address_is_one_line(host: str, port: int) -> None:
    with pytest.raises(BenchraceError):
        listen(host, port)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


async def test_an_end_with_everything_open_takes_under_3_s(edge: Any) -> None:
    async with local_http.async_client(edge.url) as client:
        assert (await client.get("/health")).status_code == 200  # This connection stays, idle.
        async with connect(edge.url.replace("http", "ws"), proxy=None) as idle:
            stalled = await anyio.connect_tcp(edge.listener.host, edge.listener.port)
            await stalled.send(b"GET /flood HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await stalled.receive()
            half = await anyio.connect_tcp(edge.listener.host, edge.listener.port)
            await half.send(b"GET /health HTT")
            async with client.stream("GET", "/events") as events:
                start = anyio.current_time()
                edge.stop.set()
                await edge.stopped.wait()
                assert anyio.current_time() - start < 3
                assert (await events.aread()).startswith(b"retry")
            with pytest.raises(ConnectionClosed) as caught:
                await idle.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1001
            await stalled.aclose()
            await half.aclose()
    with pytest.raises(OSError):  # noqa: PT011
        socket.create_connection((edge.listener.host, edge.listener.port), 1).close()


async def test_a_compressed_socket_is_not_offered_and_size_is_bounded(edge: Any) -> None:
    url = edge.url.replace("http", "ws")
    async with connect(url, proxy=None, compression="deflate", max_size=None) as client:
        assert client.protocol.extensions == []
        await client.send("a" * (1 << 20))
        assert len(await client.recv()) == 1 << 20
        await client.send(b"b" * ((1 << 20) + 5000))
        with pytest.raises(ConnectionClosed) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009


PROGRAM = """
import anyio, os, sys, time
from quart import Quart, Response
from benchrace.web.serving import listen, serve, stop_signal
from benchrace.web.shutdown import Shutdown
from benchrace.worker.parent import die_with_parent

# Tests that are killed clean nothing up.
die_with_parent(os.getppid())

async def main():
    app = Quart("x")
    @app.websocket("/ws")
    async def ws():
        from quart import websocket
        await websocket.accept()
        await websocket.receive()
    listener = listen("127.0.0.1", 0)
    async with anyio.create_task_group() as group:
        await group.start(serve, app, listener, Shutdown(), stop_signal)
        print(listener.port, flush=True)
    print("ended", flush=True)
    time.sleep(float(sys.argv[1]))

anyio.run(main)
"""


def start(program: Path, sleep_s: float) -> tuple[subprocess.Popen[str], int]:
    program.write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(program), str(sleep_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_with_an_idle_socket_open(
    tmp_path: Path, which: signal.Signals
) -> None:
    process, port = start(tmp_path / "program.py", 0)
    async with connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as client:
        process.send_signal(which)
        with anyio.fail_after(HANG_S):
            out, err = await anyio.to_thread.run_sync(process.communicate)
        assert (out, err, process.returncode) == ("ended\n", "", 0)
        with pytest.raises(ConnectionClosed):
            await client.recv()


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    process, _ = start(tmp_path / "program.py", 60)
    with process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "ended\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(3) == -signal.SIGINT
