"""Answers on the wire: their coding, their tags, and what is left alone."""

import gzip
import random
from typing import Any

import pytest

from benchrace.web.asgi.delivery import INLINE_BYTES, Delivery
from benchrace.web.asgi.types import Message, Receive, Scope, Send

pytestmark = pytest.mark.anyio

LONG = b'{"words": "%s"}' % (b"a race of many words, " * 100)
JSON = "application/json"


class Wire:
    """An application that answers always the same, and what a client gets of it."""

    def __init__(
        self, *pieces: bytes, status: int = 200, sized: bool = True, **headers: str
    ) -> None:
        self.pieces = pieces
        self.status = status
        self.headers = {"content-type": JSON} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if sized:
            self.headers["content-length"] = str(sum(map(len, pieces)))
        self.app = Delivery(self._answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        pairs = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": pairs})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def get(self, method: str = "GET", accept: str = "gzip", **headers: str) -> "Answer":
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        async def receive() -> Message:
            raise AssertionError

        sent = {"accept-encoding": accept} | headers
        scope = {
            "type": "http",
            "method": method,
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items()],
        }
        await self.app(scope, receive, send)
        return Answer(messages)


class Answer:
    def __init__(self, messages: list[Message]) -> None:
        (start, *rest) = messages
        assert [message["type"] for message in rest] == ["http.response.body"] * len(rest)
        assert [message["more_body"] for message in rest] == [*[True] * (len(rest) - 1), False]
        self.pieces = [message["body"] for message in rest]
        self.body = b"".join(self.pieces)
        self.status = start["status"]
        names = [key for key, _ in start["headers"]]
        assert len(names) == len(set(names))
        self.headers = {key.decode(): value.decode() for key, value in start["headers"]}


async def test_long_text_is_compressed_for_who_accepts_it() -> None:
    wire = Wire(LONG)
    answer = await wire.get()
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert len(answer.body) < len(LONG) / 10
    assert gzip.decompress(answer.body) == LONG
    plain = await wire.get(accept="identity")
    assert (plain.body, plain.headers.get("content-encoding")) == (LONG, None)
    assert (plain.headers["content-length"], plain.headers["vary"]) == (
        str(len(LONG)),
        "Accept-Encoding",
    )


async def test_what_takes_long_is_compressed_in_a_thread_to_the_same() -> None:
    data = LONG * (INLINE_BYTES // len(LONG) + 1)
    assert gzip.decompress((await Wire(data).get()).body) == data


async def test_the_length_of_a_head_is_that_of_the_answer() -> None:
    wire = Wire(LONG)
    head, get = await wire.get("HEAD"), await wire.get()
    assert head.headers == get.headers


@pytest.mark.parametrize(
    "wire",
    [
        Wire(b"{}"),
        Wire(LONG, content_type="image/png"),
        Wire(LONG, content_type="text/event-stream", sized=False),
        Wire(LONG, cache_control="no-store"),
        Wire(LONG, content_encoding="br"),
        Wire(LONG, status=404),
        Wire(LONG, status=206),
    ],
    ids=["short", "image", "events", "no-store", "encoded", "failure", "part"],
)
async def test_the_rest_is_left_as_it_is(wire: Wire) -> None:
    answer = await wire.get()
    assert answer.body == b"".join(wire.pieces)
    assert answer.headers.items() >= wire.headers.items()
    assert ("content-encoding" in answer.headers) == ("content-encoding" in wire.headers)


async def test_nothing_is_held_back_or_tagged_where_nothing_may_be_kept() -> None:
    answer = await Wire(LONG, cache_control="no-store").get()
    assert "etag" not in answer.headers
    stream = Wire(b"data: 1\n\n", b"data: 2\n\n", content_type="text/event-stream", sized=False)
    assert (await stream.get()).pieces == [b"data: 1\n\n", b"data: 2\n\n", b""]


async def test_a_range_is_taken_from_plain_bytes() -> None:
    answer = await Wire(LONG).get(range="bytes=0-9")
    assert (answer.status, answer.body) == (200, LONG)
    assert "content-encoding" not in answer.headers


async def test_what_the_client_has_is_not_sent_again() -> None:
    wire = Wire(LONG)
    first = await wire.get()
    tag = first.headers["etag"]
    for names in (tag, f'"other", W/{tag}', "*"):
        again = await wire.get(if_none_match=names)
        assert (again.status, again.body) == (304, b"")
        assert again.headers == {
            "cache-control": "private, no-cache",
            "etag": tag,
            "vary": "Accept-Encoding",
        }
    assert (await wire.get("HEAD", if_none_match=tag)).status == 304
    assert (await wire.get("POST", if_none_match=tag)).status == 200
    assert (await wire.get(if_none_match='"other"')).status == 200


async def test_a_tag_names_the_bytes_of_one_coding_and_content() -> None:
    wire = Wire(LONG)
    encoded, plain = (await wire.get()).headers["etag"], (await wire.get(accept="")).headers["etag"]
    assert encoded != plain
    assert not encoded.startswith("W/")
    assert (await wire.get(accept="", if_none_match=encoded)).status == 200
    assert (await Wire(LONG + b" ").get()).headers["etag"] != encoded
    assert (await Wire(LONG).get()).headers["etag"] == encoded


async def test_only_what_is_read_is_tagged_and_a_lifetime_of_its_own_stays() -> None:
    written = await Wire(LONG).get("POST")
    assert not {"etag", "cache-control"} & written.headers.keys()
    assert gzip.decompress(written.body) == LONG
    fixed = await Wire(LONG, cache_control="private, immutable").get()
    assert fixed.headers["cache-control"] == "private, immutable"
    accepted = await Wire(LONG, status=202).get("POST")
    assert gzip.decompress(accepted.body) == LONG


async def test_what_comes_in_pieces_goes_in_pieces() -> None:
    lines = [b'{"line": %d}\n' % number * 50 for number in range(300)]
    wire = Wire(
        *lines, sized=False, content_type="application/x-ndjson", vary="Accept", etag='"0-9"'
    )
    answer = await wire.get()
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-length" not in answer.headers
    assert gzip.decompress(answer.body) == b"".join(lines)
    head = await wire.get("HEAD")
    assert (head.headers, head.body) == (answer.headers, b"")
    assert answer.headers["etag"] == '"0-9-gzip"'
    again = await wire.get(if_none_match='"0-9-gzip"')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", '"0-9-gzip"')
    plain = await wire.get(accept="br")
    assert (plain.pieces, plain.headers["etag"]) == ([*lines, b""], '"0-9"')


async def test_pieces_are_sent_before_the_last_one_is_there() -> None:
    noise = [random.Random(number).randbytes(100_000) for number in range(3)]
    answer = await Wire(*noise, sized=False, content_type="text/plain").get()
    assert len(answer.pieces) > 2
    assert gzip.decompress(answer.body) == b"".join(noise)


async def test_other_scopes_pass() -> None:
    scopes: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append((scope["type"], send))

    async def send(message: Message) -> None: ...

    async def receive() -> Message:
        return {}

    await Delivery(app)({"type": "lifespan"}, receive, send)
    assert scopes == [("lifespan", send)]
