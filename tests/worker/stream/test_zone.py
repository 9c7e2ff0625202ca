"""Engines at link-local addresses, which need the interface's name."""

import socket

import psutil
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.plugin import StreamRequest, whereabouts
from benchrace.testing import RecordingContext
from benchrace.testing.server import Peer
from benchrace.worker.control_client import ControlClient
from benchrace.worker.stream.factory import WorkerStreams

pytestmark = pytest.mark.anyio


def link_local() -> str | None:
    """Return an address of this machine's with its interface: `fe80::1%eth0`."""
    for name, addresses in psutil.net_if_addrs().items():
        for address in addresses:
            if address.family is socket.AF_INET6 and address.address.startswith("fe80:"):
                return f"{address.address.partition('%')[0]}%{name}"
    return None


async def test_an_address_with_its_interface_is_reached(streams: WorkerStreams) -> None:
    import asyncio

    address = link_local()
    if address is None:
        pytest.skip("no interface here has a link-local address")
    heads: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        request = await peer.read_request()
        if request is not None:
            heads.append(request.head)
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}\n")
        await peer.close()

    server = await asyncio.start_server(connected, "::", 0, family=socket.AF_INET6)
    port = server.sockets[0].getsockname()[1]
    url = f"http://[{address.replace('%', '%25')}]:{port}/"
    async with server:
        async with streams.open(StreamRequest(url=url)) as stream:
            assert [chunk.data async for chunk in stream] == [b"{}"]
        client = ControlClient()
        assert (await client.get().get(url)).json() == {}
        await client.close()
        context = RecordingContext()
        assert (await whereabouts(url, context)).elsewhere is None
        await context.aclose()
    host = f"Host: [{address.partition('%')[0]}]:{port}\r\n".lower().encode()
    assert [host in head.lower() for head in heads] == [True, True]


@pytest.mark.parametrize("zone", ["%25no-such-interface", "%no-such-interface"])
async def test_an_interface_that_is_not_there_is_an_address_that_nobody_has(
    streams: WorkerStreams, zone: str
) -> None:
    with pytest.raises(BenchraceError) as raised:
        await streams.prepare(f"http://[fe80::1{zone}]:11434/")
    assert raised.value.category is Category.UNREACHABLE
