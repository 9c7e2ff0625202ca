"""What is sent: checked before it leaves, and asking for nothing that could not be stamped."""

from typing import Any

import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.plugin import StreamLimits, StreamRequest
from benchrace.testing.server import Peer, Request, serving
from benchrace.worker.stream.factory import WorkerStreams
from benchrace.worker.stream.request import target

pytestmark = pytest.mark.anyio


@pytest.fixture
def streams() -> WorkerStreams:
    return WorkerStreams()


async def empty(peer: Peer, _: Request) -> None:
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def test_the_request_is_whole_and_asks_for_identity(streams: WorkerStreams) -> None:
    async with serving(empty) as served:
        body = b"x" * 3_000_000
        request = StreamRequest(
            url=f"{served.url}api?a=1", headers=(("Content-Type", "a/b"),), body=body
        )
        async with streams.open(request) as stream:
            assert [chunk async for chunk in stream] == []
    head = served.requests[0].head.decode()
    assert head.startswith("POST /api?a=1 HTTP/1.1\r\n")
    assert f"Host: localhost:{served.port}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert "Content-Type: a/b\r\n" in head
    assert served.requests[0].body == body


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://x/"},
        {"url": "http://a:b@x/"},
        {"url": "http://x/a b"},
        {"url": "http://x:99999/"},
        {"method": "GE T"},
        {"headers": (("A\r\nB", "c"),)},
        {"headers": (("A", "b\r\nC: d"),)},
        {"headers": (("Content-Length", "5"),)},
        {"limits": StreamLimits(first_s=-1)},
    ],
)
async def test_a_request_that_is_none_is_never_sent(
    streams: WorkerStreams, change: dict[str, Any]
) -> None:
    wrong = StreamRequest(**{"url": "http://127.0.0.1:1/", **change})
    with pytest.raises(BenchraceError) as caught:
        async with streams.open(wrong):
            pass
    assert caught.value.category is Category.VALIDATION


@pytest.mark.parametrize("zone", ["%25lo", "%lo", "%251"])
def test_the_interface_of_an_address_is_for_this_side_alone(zone: str) -> None:
    result = target(f"http://[fe80::1{zone}]:11434/api?a=1")
    assert result.host == f"fe80::1%{zone.removeprefix('%25').removeprefix('%')}"
    assert (result.authority, result.port) == ("[fe80::1]:11434", 11434)
    assert result.url == f"http://[{result.host}]:11434/api?a=1"


def test_urls_are_as_clients_take_them() -> None:
    assert target("https://h/a").url == "https://h/a"
    assert target("http://[::1]:5").url == "http://[::1]:5/"
