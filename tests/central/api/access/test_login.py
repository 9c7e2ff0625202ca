"""Logging in to a central, and out of it."""

from collections.abc import AsyncIterator
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from websockets.asyncio.client import connect

from benchrace.compat.central import install
from benchrace.config.central import Watching
from benchrace.errors import Category
from benchrace.protocol import agent_central as m
from benchrace.protocol.version import PROTOCOL
from benchrace.testing.limits import HANG_S
from benchrace.web import sse
from benchrace.web.auth import access
from tests import local_http
from tests.central.offer import TOKEN, capabilities
from tests.central.scripted import FakeAgent
from tests.central.served import SPEC, Served, served

OPERATOR = "the operators token"
WATCH = "the watchers token"
ASKS: dict[str, Any] = {
    "require_token": True,
    "operator_token": OPERATOR,
    "watch": Watching.TOKEN,
    "watch_token": WATCH,
}


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr("benchrace.central.api.access.visitor.WRONG_S", 0.01)
    async with served(tmp_path, extend=install, **ASKS) as central:
        yield central


async def login(site: Served, token: str, **headers: str) -> httpx.Response:
    return await site.http.post("/api/login", json={"token": token}, headers=headers)


def cookie(answer: httpx.Response) -> Morsel[str]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


async def right(site: Served) -> str | None:
    allowed: str | None = (await site.get("/api/session"))["right"]
    return allowed


async def test_a_token_is_shown_once_and_the_cookie_stands_for_it(site: Served) -> None:
    assert await right(site) is None
    assert (await site.http.get("/api/runs")).status_code == 401
    answer = await login(site, OPERATOR)
    assert answer.json()["right"] == "operate"
    assert answer.headers["cache-control"] == "no-store"
    session_cookie = cookie(answer)
    assert len(session_cookie.value) >= 43
    assert (session_cookie["httponly"], session_cookie["samesite"], session_cookie["path"]) == (
        True,
        "Strict",
        "/",
    )
    assert not session_cookie["secure"]
    assert session_cookie["domain"] == ""
    assert (await site.http.get("/api/runs")).status_code == 200
    assert (await site.http.post("/api/runs", json={})).status_code == 422
    out = await site.http.post("/api/logout")
    assert out.json()["right"] is None
    assert (await site.http.get("/api/runs")).status_code == 401
    again = {"Cookie": f"{session_cookie.key}={session_cookie.value}"}
    assert (await site.http.get("/api/runs", headers=again)).status_code == 401


async def test_who_may_watch_changes_nothing(site: Served) -> None:
    assert (await login(site, WATCH)).json()["right"] == "watch"
    assert (await site.http.get("/api/runs")).status_code == 200
    refused = await site.http.post("/api/runs", json={})
    assert refused.status_code == 403
    assert "Log in with the operator token" in refused.json()["error"]["remedy"]
    assert (await login(site, OPERATOR)).json()["right"] == "operate"
    assert await right(site) == "operate"


async def test_the_agents_token_lets_no_person_in(site: Served) -> None:
    refused = await login(site, TOKEN)
    assert refused.status_code == 403
    assert "agent token" in refused.json()["error"]["message"]
    assert "set-cookie" not in refused.headers


async def test_over_tls_the_cookie_stays_there(site: Served) -> None:
    answer = await login(site, OPERATOR, Origin=site.url.replace("http:", "https:"))
    assert cookie(answer)["secure"]


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 5}, {"token": "x" * 513}, [1]])
async def test_what_is_no_login_is_refused(site: Served, body: Any) -> None:
    assert (await site.http.post("/api/login", json=body)).status_code == 422
    form = await site.http.post("/api/login", data={"token": OPERATOR})
    assert form.status_code == 415


async def test_many_wrong_tokens_are_refused_before_they_are_judged(site: Served) -> None:
    for _ in range(5):
        answer = await login(site, "wrong")
        assert (answer.status_code, answer.json()["error"]["category"]) == (401, "validation")
    # Who knows one token is allowed no more guesses at another.
    assert (await login(site, WATCH)).status_code == 200
    site.http.cookies.clear()
    answers: list[int] = []
    async with anyio.create_task_group() as group:

        async def guess(number: int) -> None:
            answers.append((await login(site, f"wrong {number}")).status_code)

        for number in range(14):
            group.start_soon(guess, number)
    assert sorted(answers) == [401] * 9 + [429] * 5
    refused = await login(site, OPERATOR)
    assert refused.status_code == 429
    assert "Try again in" in refused.json()["error"]["remedy"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/api/runs", "/api/session", "/api/service/agent/status"])
async def test_many_wrong_headers_are_refused_as_well(site: Served, path: str) -> None:
    cookies = cookie(await login(site, OPERATOR))
    site.http.cookies.clear()
    result = []
    for number in range(11):
        wrong = {"Authorization": f"Bearer wrong {number}"}
        result.append((await site.http.get(path, headers=wrong)).status_code)
    assert result == [200 if path == "/api/session" else 401] * 10 + [429]
    right = {"Authorization": f"Bearer {OPERATOR}"}
    for elsewhere in ("/api/runs", "/api/session", "/api/service/agent/status"):
        refused = await site.http.get(elsewhere, headers=right)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 60
    # One limit covers all routes: logging in by token or code does not bypass it.
    assert (await login(site, OPERATOR)).status_code == 429
    assert (await site.http.post("/api/login", json={"code": "guess"})).status_code == 429
    # Who has a session goes on, and the page still opens.
    headers = {"Cookie": f"{cookies.key}={cookies.value}"}
    assert (await site.http.get("/api/runs", headers=headers)).status_code == 200
    assert (await site.http.get("/runs")).status_code == 200
    # A key that commands on this machine read, and the agents of this machine, are let in.
    key = (site.data / "central" / "local.key").read_text().strip()
    own = {"Authorization": f"Bearer {key}"}
    assert (await site.http.get("/api/runs", headers=own)).status_code == 200
    await site.link(FakeAgent())


async def test_guesses_at_the_agents_token_are_limited_and_no_local_agent_is_locked_out(
    site: Served,
) -> None:
    url = site.url.replace("http", "ws") + "/api/v1/link"

    async def guess(number: int) -> Category:
        hello = m.Hello(
            protocol=PROTOCOL,
            version="0",
            token=f"guess {number}",
            instance="guesser",
            host_id="elsewhere",
            share_host=False,
            capabilities=capabilities("guesser"),
            jobs=(),
        )
        async with connect(url, proxy=None) as socket:
            await socket.send(m.encode(hello))
            message = m.decode_from_central(await socket.recv())
        assert isinstance(message, m.Refused)
        return Category(message.failure.category)

    result = [await guess(number) for number in range(12)]
    assert result == [Category.VALIDATION] * 10 + [Category.BUSY] * 2
    # Behind a proxy on this machine may be anybody.
    right = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "203.0.113.9"}
    beat = await site.http.post("/api/v1/agents/register", json={}, headers=right)
    assert beat.status_code == 429
    await site.link(FakeAgent("one"))
    own = {"Authorization": f"Bearer {TOKEN}"}
    assert (await site.http.post("/api/v1/agents/register", json={}, headers=own)).is_success


async def test_a_session_outlives_central_but_not_its_token(tmp_path: Path) -> None:
    async with served(tmp_path, **ASKS) as site:
        session_cookie = cookie(await login(site, OPERATOR))
    shown = {"Cookie": f"other=1; {session_cookie.key}={session_cookie.value}; broken={{"}
    stored = (tmp_path / "central" / "sessions.json").read_text()
    assert session_cookie.value not in stored
    assert OPERATOR not in stored
    async with served(tmp_path, **ASKS) as site:
        assert (await site.http.get("/api/runs", headers=shown)).status_code == 200
    async with served(tmp_path, **ASKS | {"operator_token": "another operators token"}) as site:
        assert (await site.http.get("/api/runs", headers=shown)).status_code == 401


async def test_a_stream_ends_with_its_session(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "PING_S", 0.05)
    monkeypatch.setattr(access, "LASTING_S", 0.05)
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    agent = FakeAgent(open_gate=anyio.Event())
    await site.link(agent)
    run_id = (await site.http.post("/api/runs", json=SPEC, headers=headers)).json()["run_id"]
    await login(site, WATCH)
    live = {"Accept": "text/event-stream"}
    async with (
        local_http.async_client(site.url, timeout=HANG_S) as other,
        other.stream("GET", f"/api/runs/{run_id}/events", headers=live | headers) as lasting,
        site.http.stream("GET", f"/api/runs/{run_id}/events", headers=live) as log,
    ):
        lines, others = log.aiter_lines(), lasting.aiter_lines()
        while await anext(lines) != ": ping":
            pass
        await site.http.post("/api/logout")
        assert [line async for line in lines if line.startswith("event:")] == []
        for _ in range(5):
            while await anext(others) != ": ping":
                pass
    again = await site.http.get(f"/api/runs/{run_id}/events", headers=live)
    assert again.status_code == 401


async def test_two_centrals_of_one_host_have_cookies_of_their_own(tmp_path: Path) -> None:
    names = set()
    for folder in ("one", "other"):
        async with served(tmp_path / folder, **ASKS) as site:
            names.add(cookie(await login(site, OPERATOR)).key)
    assert len(names) == 2
