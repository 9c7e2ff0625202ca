"""Base URLs: with a path, with a version of its own, with a query, and where each route is then."""

from typing import Any

import pytest

from benchrace.plugin import BenchraceError, Category
from benchrace.testing.server import LAST, Peer, Request, serving
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Server, servers
from benchrace_openai.server.address import address

from ..stand_in import StandIn, backend, context, lane, table

pytestmark = pytest.mark.anyio
TOKEN = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"length"}]}\n\n'


@pytest.mark.parametrize(
    ("base", "root", "models"),
    [
        ("http://h", "http://h", "http://h/v1/models"),
        ("http://h/", "http://h", "http://h/v1/models"),
        ("http://h/v1/", "http://h", "http://h/v1/models"),
        ("https://h/api/paas/v4", "https://h/api/paas", "https://h/api/paas/v4/models"),
        ("https://h/v1beta/openai/", "https://h", "https://h/v1beta/openai/models"),
        ("http://h/llm/", "http://h/llm", "http://h/llm/v1/models"),
        (
            "http://h/o/v1/?api-version=p&x=1",
            "http://h/o",
            "http://h/o/v1/models?api-version=p&x=1",
        ),
        ("http://h?k=1", "http://h", "http://h/v1/models?k=1"),
        ("http://[fe80::1%25eth0]:1/v1", "http://[fe80::1%25eth0]:1", None),
    ],
)
async def test_where_routes_are(base: str, root: str, models: str | None) -> None:
    result = address(base)
    assert result.root == root
    assert models is None or result.url("/v1/models") == models
    assert result.url("/props").startswith(f"{root}/props")


async def test_a_query_is_no_part_of_the_name_that_is_shown() -> None:
    server = Server(base_url="https://h/openai/v1?key=hush")
    assert server.label == "https://h/openai"
    assert "hush" not in repr(server)


async def test_an_address_in_quotes_is_the_address() -> None:
    (server,) = servers(None, {"OPENAI_BASE_URL": ' "http://h:1/v1" '})
    assert (server.root, server.address.url("/v1/models")) == ("http://h:1", "http://h:1/v1/models")


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("v4", "/v4/models"),
        ("gateway/", "/gateway/v1/models"),
        ("gateway/openai/", "/gateway/openai/models"),
        ("openai/v1/?api-version=preview", "/openai/v1/models?api-version=preview"),
        ("?api-version=preview", "/v1/models?api-version=preview"),
    ],
)
async def test_a_round_is_asked_where_the_models_are(base: str, path: str) -> None:
    targets: list[str] = []

    async def answer(peer: Peer, request: Request) -> None:
        target = request.head.split(b" ")[1].decode()
        targets.append(target)
        listed = b'{"data":[{"id":"m"}]}'
        if target == path:
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(listed) + listed)
        elif target == path.replace("models", "chat/completions"):
            await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            await peer.chunk(TOKEN + b"data: [DONE]\n\n")
            await peer.say(LAST)
        else:
            await peer.say(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")

    async with serving(answer) as served, context() as recording:
        engine = backend({"base_url": served.url + base})
        probe = await engine.probe(recording)
        assert ([model.name for model in probe.models], probe.problems) == (["m"], ())
        await engine.open(lane(max_tokens=1), recording)
        recording.begin()
        record: Any = await engine.round(lane(max_tokens=1), recording)
        assert record.answer.content == 1
    assert path.replace("models", "chat/completions") in targets


async def test_a_key_is_asked_for_where_the_first_place_wants_one() -> None:
    def answers(path: str, body: Any) -> tuple[int, Any]:
        return 401, {"error": {"message": "no key"}}

    async with StandIn(answers).served() as server, context() as recording:
        with pytest.raises(BenchraceError, match="requires a key"):
            await OpenAIClient(Server(base_url=server.url), recording).identify()
    assert [path for path, _ in server.requests] == ["/v1/models"]


async def test_a_page_or_an_error_is_told_in_its_own_words() -> None:
    async def page(peer: Peer, request: Request) -> None:
        html = b"<html><head><title>Sign in</title></head></html>"
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(html) + html)

    async with serving(page) as served, context() as recording:
        with pytest.raises(BenchraceError, match="Sign in") as raised:
            await OpenAIClient(Server(base_url=served.url), recording).identify()
        assert raised.value.category is Category.UNREACHABLE

    async with (
        StandIn(table({"/v1/models": {"error": {"message": "it broke"}}})).served() as server,
        context() as recording,
    ):
        with pytest.raises(BenchraceError, match="it broke") as raised:
            await OpenAIClient(Server(base_url=server.url), recording).identify()
        assert raised.value.category is Category.STREAM_ERROR


async def test_a_redirect_says_where_to() -> None:
    async def moved(peer: Peer, request: Request) -> None:
        await peer.say(b"HTTP/1.1 302 F\r\nLocation: https://x/login\r\nContent-Length: 0\r\n\r\n")

    async with serving(moved) as served, context() as recording:
        with pytest.raises(BenchraceError, match="302 and redirects to 'https://x/login'"):
            await OpenAIClient(Server(base_url=served.url), recording).identify()


async def test_an_answer_that_breaks_off_is_not_called_unreachable() -> None:
    async def cut(peer: Peer, request: Request) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
        await peer.close()

    async with serving(cut) as served, context() as recording:
        with pytest.raises(BenchraceError) as raised:
            await OpenAIClient(Server(base_url=served.url), recording).identify()
        assert raised.value.category is Category.ENDED_EARLY
