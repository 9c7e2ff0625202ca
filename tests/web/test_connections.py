"""Who may hold connections, and who must give way."""

import logging
import socket
from contextlib import ExitStack
from functools import partial
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import connect

from benchrace.testing.limits import HANG_S
from benchrace.web import connections, serving
from benchrace.web.address import group_of, is_loopback
from benchrace.web.connections import MAX_PER_ADDRESS, RESERVED, Connection, Connections
from tests import local_http

AGENT = "10.0.0.9"


class Crowd:
    """Connections that are open, by the order they came in; `closed` are those that gave way."""

    def __init__(self, most: int = 800) -> None:
        self.all = Connections(lambda address: address.startswith("10.0.0.9"), most=most)
        self.closed: list[str] = []

    def come(self, address: str, name: str = "", *, busy: bool = False) -> Connection | None:
        result = self.all.admit(address, partial(self.closed.append, name or address))
        if result is not None and busy:
            self.all.begin(result)
        return result

    def crowd(self, address: str, count: int, *, busy: bool = False) -> int:
        return sum(self.come(address, busy=busy) is not None for _ in range(count))


def test_one_address_has_a_share_and_its_idle_connections_make_room_in_order() -> None:
    crowd = Crowd()
    first = crowd.come("10.0.0.1", "first")
    second = crowd.come("10.0.0.1", "second")
    assert first
    assert second
    assert crowd.crowd("10.0.0.1", MAX_PER_ADDRESS - 2) == MAX_PER_ADDRESS - 2
    assert crowd.closed == []
    crowd.all.begin(first)  # What is being answered never makes room.
    crowd.come("10.0.0.1")
    assert crowd.closed == ["second"]
    assert crowd.all.count == MAX_PER_ADDRESS
    crowd.all.end(first)
    crowd.all.leave(second)
    assert crowd.all.count == MAX_PER_ADDRESS
    assert crowd.crowd("10.0.0.2", 5) == 5


def test_an_address_whose_connections_are_all_in_use_is_refused_another() -> None:
    crowd = Crowd()
    assert crowd.crowd("2001:db8::1", MAX_PER_ADDRESS, busy=True) == MAX_PER_ADDRESS
    assert crowd.come("2001:db8::2") is None  # The whole network counts as one.
    assert crowd.come("2001:db8:0:1::2") is not None
    assert crowd.closed == []


def test_a_crowd_of_addresses_leaves_room_for_this_machine_and_for_agents() -> None:
    crowd = Crowd()
    got = sum(crowd.crowd(f"10.1.0.{n}", 200, busy=True) for n in range(5))
    assert got == 800 - RESERVED
    assert crowd.crowd(AGENT, 3, busy=True) == 3
    assert crowd.crowd("127.0.0.1", 3, busy=True) == 3
    assert crowd.come("10.1.0.77") is None


def test_idle_connections_of_the_greediest_address_make_room_for_others() -> None:
    crowd = Crowd(most=100)
    crowd.crowd("10.1.0.1", 15)
    crowd.crowd("10.1.0.2", 5)
    assert crowd.come("10.1.0.3") is not None
    assert crowd.closed == ["10.1.0.1"]
    # What this machine holds gives way to nobody from elsewhere.
    only = Crowd(most=100)
    only.crowd("127.0.0.1", 20)
    assert sum(only.crowd(f"{AGENT}{n}", 20, busy=True) for n in range(4)) == 80
    assert only.come("10.1.0.3") is None
    assert only.come(AGENT) is not None


def test_a_flood_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "benchrace.web.connections")
    Crowd().crowd("10.0.0.1", 2000)
    (record,) = caplog.records
    assert "10.0.0.1 has 200 connections open" in record.getMessage()
    assert "longest idle" in record.getMessage()


@pytest.mark.parametrize(
    ("address", "group", "loopback"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("fe80::1%eth0", "fe80::/64", False),
        ("10.0.0.1", "10.0.0.1", False),
        ("unknown", "unknown", False),
    ],
)
def test_addresses(address: str, group: str, loopback: bool) -> None:
    assert (group_of(address), is_loopback(address)) == (group, loopback)


async def test_silent_connections_keep_nobody_out(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_LOOPBACK", 50)
    with ExitStack() as held:
        async with connect(edge.url.replace("http", "ws"), proxy=None) as live:
            for _ in range(200):
                address = (edge.listener.host, edge.listener.port)
                held.enter_context(
                    await anyio.to_thread.run_sync(socket.create_connection, address)
                )
            async with local_http.async_client(edge.url) as client:
                for _ in range(3):
                    assert (await client.get("/health")).status_code == 200
            await live.send("still here")
            assert await live.recv() == "still here"


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
async def test_who_never_finishes_a_request_is_closed(hasty_edge: Any, sent: bytes) -> None:
    async with await anyio.connect_tcp(hasty_edge.listener.host, hasty_edge.listener.port) as peer:
        if sent:
            await peer.send(sent)
        with (
            anyio.fail_after(HANG_S),
            pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)),
        ):
            await peer.receive()


def test_the_kernel_asks_whether_a_silent_peer_is_there() -> None:
    listener = serving.listen("127.0.0.1", 0)
    with listener.sock:
        assert listener.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
