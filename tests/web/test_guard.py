"""Hosts, origins, tokens and sizes, asked of a real server."""

import json
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchrace.web.guard import Policy, is_allowed_host
from tests import local_http
from tests.web.conftest import served

ALLOWED = [
    "127.0.0.1",
    "127.0.0.1:8080",
    "10.1.2.3",
    "[::1]:80",
    "[fe80::1%25eth0]",
    "localhost",
    "LOCALHOST.:1",
    "declared.example:443",
    "DECLARED.local.:8080",
]
REBOUND = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "local",
    "notlocal",
    "box.local",
    "declared.local.evil",
    "2130706433",
    "127.1",
    "0x7f.1",
    "declared.example.evil",
]


async def ask(url: str, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    host, port = url.removeprefix("http://").split(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send(raw)
        got = b""
        try:
            while True:
                got += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            pass
    head, _, rest = got.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, rest


async def with_host(url: str, host: str, method: str = "GET") -> tuple[int, bytes]:
    raw = f"{method} /things HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    status, _, rest = await ask(url, raw.encode())
    return status, rest


@pytest.mark.parametrize("host", ALLOWED)
async def test_addresses_and_declared_names_are_answered(edge: Any, host: str) -> None:
    assert (await with_host(edge.url, host))[0] == 200


@pytest.mark.parametrize("host", REBOUND)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_rebound_name_is_not(edge: Any, host: str, method: str) -> None:
    status, rest = await with_host(edge.url, host, method)
    assert status == 421
    if method != "OPTIONS":
        assert "`allowed_hosts` in central.yaml" in json.loads(rest)["error"]["remedy"]


@pytest.mark.parametrize("hosts", ["", "Host: a\r\nHost: 127.0.0.1\r\n", "Host: a b\r\n"])
async def test_a_host_that_is_no_host_is_refused(edge: Any, hosts: str) -> None:
    raw = f"GET /health HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"
    assert (await ask(edge.url, raw.encode()))[0] == 400


async def test_an_upgrade_is_guarded_too(edge: Any) -> None:
    url = edge.url.replace("http", "ws")
    foreign: list[dict[str, Any]] = [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": edge.url + "0"},
        {"additional_headers": {"Sec-Fetch-Site": "cross-site"}},
        {"additional_headers": {"Sec-Fetch-Site": "same-site"}},
    ]
    for more in foreign:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url, proxy=None, **more):
                pass
        assert caught.value.response.status_code == 403
        assert b'"remedy"' in (caught.value.response.body or b"")
    async with connect(url, proxy=None, origin=edge.url) as socket:
        await socket.send("here")
        assert await socket.recv() == "here"


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_no_other_site_reads_or_changes_anything(edge: Any, headers: dict[str, str]) -> None:
    async with local_http.async_client(edge.url) as client:
        for method in ("POST", "PATCH", "DELETE", "PUT"):
            assert (await client.request(method, "/things", headers=headers)).status_code == 403
        # Reading costs too, and what costs nothing is served whoever asks.
        assert (await client.get("/things", headers=headers)).status_code == 403
        assert (await client.get("/events", headers=headers)).status_code == 403
        assert (await client.get("/health", headers=headers)).status_code == 200
        own = {"Origin": edge.url, "Sec-Fetch-Site": "same-origin"}
        assert (await client.post("/things", headers=own, json={"a": 1})).json() == {"a": 1}
        for header in (own, {"Sec-Fetch-Site": "none"}, {}):
            assert (await client.get("/things", headers=header)).status_code == 200


IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


async def test_another_site_shows_an_embeddable_picture_and_does_nothing_else_with_it() -> None:
    policy = Policy(is_embeddable=frozenset({"/things"}).__contains__)
    async with served(policy) as edge, local_http.async_client(edge.url) as client:
        for site in ("cross-site", "same-site"):
            shown = await client.get("/things", headers=IMAGE | {"Sec-Fetch-Site": site})
            assert shown.status_code == 200
            assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
        for changed in (
            {"Origin": "http://evil.example"},
            {"Origin": edge.url},
            {"Sec-Fetch-Mode": "cors"},
            {"Sec-Fetch-Mode": "navigate"},
            {"Sec-Fetch-Dest": "empty"},
            {"Sec-Fetch-Dest": "iframe"},
            {"Sec-Fetch-Dest": "object"},
        ):
            assert (await client.get("/things", headers=IMAGE | changed)).status_code == 403, (
                changed
            )
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            assert (await client.request(method, "/things", headers=IMAGE)).status_code == 403
        for path in ("/events", "/things/", "/things/more"):
            refused = await client.get(path, headers=IMAGE)
            assert refused.status_code == 403
            assert refused.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/merge-patch+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=application/json", 415),
    ],
)
async def test_a_body_is_json(edge: Any, kind: str, status: int) -> None:
    async with local_http.async_client(edge.url) as client:
        answer = await client.post("/things", content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == status


async def test_a_large_body_is_refused(edge: Any) -> None:
    async with local_http.async_client(edge.url) as client:
        kind = {"Content-Type": "application/json"}
        whole = await client.post("/things", content=b"[" + b" " * (1 << 20), headers=kind)
        assert (whole.status_code, whole.json()["error"]["category"]) == (413, "validation")

        async def chunks() -> Any:
            for _ in range(20):
                yield b" " * 65536

        assert (await client.post("/things", content=chunks(), headers=kind)).status_code == 413


async def test_a_huge_header_is_refused(edge: Any) -> None:
    raw = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 400_000 + b"\r\n\r\n"
    assert (await ask(edge.url, raw))[0] in (400, 431)


async def test_every_answer_has_strict_headers(edge: Any) -> None:
    async with local_http.async_client(edge.url) as client:
        for path in ("/health", "/missing", "/fail/x"):
            headers = (await client.get(path)).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert "server" not in headers


async def test_a_token_is_asked_for_but_for_health(token_edge: Any) -> None:
    async with local_http.async_client(token_edge.url) as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/assets/x.js")).status_code == 404
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic right"}):
            answer = await client.get("/things", headers=wrong)
            assert (answer.status_code, answer.json()["error"]["category"]) == (401, "validation")
        assert (await client.get("/things?token=right")).status_code == 401
        right = {"Authorization": "bearer right"}
        assert (await client.get("/things", headers=right)).status_code == 200


async def test_guesses_are_limited_wherever_a_token_is_heeded(token_edge: Any) -> None:
    async with local_http.async_client(token_edge.url) as client:
        right = {"Authorization": "Bearer right"}

        async def guess(path: str, token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return (await client.get(path, headers=headers)).status_code

        # An old token that a program shows again and again is one guess.
        assert {await guess("/things", "old") for _ in range(20)} == {401}
        # On an open path a wrong token is told from a right one too.
        assert [await guess("/open", f"a{n}") for n in range(9)] == [404] * 9
        assert [await guess(path, "b") for path in ("/open", "/things")] == [429, 429]
        refused = await client.get("/things", headers=right)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 60
        # What heeds no token is served all the same.
        assert (await client.get("/health", headers=right)).status_code == 200
        url, headers = token_edge.url.replace("http", "ws"), {"Authorization": "Bearer c"}
        with pytest.raises(InvalidStatus) as caught:
            await connect(url, proxy=None, additional_headers=headers)
        assert caught.value.response.status_code == 429


def test_the_rules_by_themselves() -> None:
    assert is_allowed_host("Declared.Example", frozenset({"declared.example"}))
    assert not is_allowed_host("", frozenset())
