"""Logging in to a central, and out of it."""

from collections.abc import AsyncIterator
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from benchrace.central import routes_login
from benchrace.compat.central import install
from benchrace.config.central import Watching
from benchrace.web import sse
from tests.central.offer import TOKEN
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
    monkeypatch.setattr(routes_login, "WRONG_S", 0.01)
    async with served(tmp_path, extend=install, **ASKS) as found:
        yield found


async def login(site: Served, token: str, **headers: str) -> httpx.Response:
    return await site.http.post("/api/login", json={"token": token}, headers=headers)


def cookie(answer: httpx.Response) -> Morsel[str]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


async def right(site: Served) -> str | None:
    found: str | None = (await site.get("/api/session"))["right"]
    return found


async def test_a_token_is_shown_once_and_the_cookie_stands_for_it(site: Served) -> None:
    assert await right(site) is None
    assert (await site.http.get("/api/runs")).status_code == 401
    answer = await login(site, OPERATOR)
    assert answer.json()["right"] == "operate"
    assert answer.headers["cache-control"] == "no-store"
    made = cookie(answer)
    assert len(made.value) >= 43
    assert (made["httponly"], made["samesite"], made["path"]) == (True, "Strict", "/")
    assert not made["secure"]
    assert made["domain"] == ""
    assert (await site.http.get("/api/runs")).status_code == 200
    assert (await site.http.post("/api/runs", json={})).status_code == 422
    out = await site.http.post("/api/logout")
    assert out.json()["right"] is None
    assert (await site.http.get("/api/runs")).status_code == 401
    again = {"Cookie": f"{made.key}={made.value}"}
    assert (await site.http.get("/api/runs", headers=again)).status_code == 401


async def test_who_may_watch_changes_nothing(site: Served) -> None:
    assert (await login(site, WATCH)).json()["right"] == "watch"
    assert (await site.http.get("/api/runs")).status_code == 200
    refused = await site.http.post("/api/runs", json={})
    assert refused.status_code == 403
    assert "Log in with the operator's token" in refused.json()["error"]["remedy"]
    assert (await login(site, OPERATOR)).json()["right"] == "operate"
    assert await right(site) == "operate"


async def test_the_agents_token_lets_no_person_in(site: Served) -> None:
    refused = await login(site, TOKEN)
    assert refused.status_code == 403
    assert "agents' token" in refused.json()["error"]["message"]
    assert "set-cookie" not in refused.headers


async def test_over_tls_the_cookie_stays_there(site: Served) -> None:
    answer = await login(site, OPERATOR, Origin=site.url.replace("http:", "https:"))
    assert cookie(answer)["secure"]


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 5}, {"token": "x" * 513}, [1]])
async def test_what_is_no_login_is_refused(site: Served, body: Any) -> None:
    assert (await site.http.post("/api/login", json=body)).status_code == 422
    form = await site.http.post("/api/login", data={"token": OPERATOR})
    assert form.status_code == 415


async def test_many_wrong_tokens_are_not_even_looked_at(site: Served) -> None:
    for _ in range(5):
        answer = await login(site, "wrong")
        assert (answer.status_code, answer.json()["error"]["category"]) == (401, "validation")
    assert (await login(site, OPERATOR)).status_code == 200  # What was wrong is forgotten.
    site.http.cookies.clear()
    answers: list[int] = []
    async with anyio.create_task_group() as group:

        async def guess() -> None:
            answers.append((await login(site, "wrong")).status_code)

        for _ in range(12):
            group.start_soon(guess)
    assert sorted(answers) == [401] * 6 + [429] * 6
    refused = await login(site, OPERATOR)
    assert refused.status_code == 429
    assert "Try again in" in refused.json()["error"]["remedy"]


async def test_many_wrong_headers_are_refused_as_well(site: Served) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    found = [(await site.http.get("/api/runs", headers=wrong)).status_code for _ in range(31)]
    assert found == [401] * 30 + [429]
    refused = await site.http.get("/api/runs", headers={"Authorization": f"Bearer {OPERATOR}"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    # Who has a session goes on, and the page still opens.
    assert (await login(site, OPERATOR)).status_code == 200
    assert (await site.http.get("/api/runs")).status_code == 200
    assert (await site.http.get("/runs")).status_code == 200


async def test_a_session_outlives_central_but_not_its_token(tmp_path: Path) -> None:
    async with served(tmp_path, **ASKS) as site:
        made = cookie(await login(site, OPERATOR))
    shown = {"Cookie": f"other=1; {made.key}={made.value}; broken={{"}
    kept = (tmp_path / "central" / "sessions.json").read_text()
    assert made.value not in kept
    assert OPERATOR not in kept
    async with served(tmp_path, **ASKS) as site:
        assert (await site.http.get("/api/runs", headers=shown)).status_code == 200
    async with served(tmp_path, **ASKS | {"operator_token": "another operators token"}) as site:
        assert (await site.http.get("/api/runs", headers=shown)).status_code == 401


async def test_a_stream_ends_with_its_session(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "PING_S", 0.05)
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    agent = FakeAgent(open_gate=anyio.Event())
    await site.link(agent)
    run_id = (await site.http.post("/api/runs", json=SPEC, headers=headers)).json()["run_id"]
    await login(site, WATCH)
    live = {"Accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=site.url, trust_env=False, timeout=10) as other,
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
