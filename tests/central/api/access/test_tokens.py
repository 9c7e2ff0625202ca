"""Tokens over HTTP: created and shown once, and what ends when one is rotated or revoked."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from benchrace.web import sse
from benchrace.web.auth import access
from tests.central.api.access.test_login import ASKS, OPERATOR, WATCH, cookie, login
from tests.central.offer import TOKEN
from tests.central.scripted import FakeAgent
from tests.central.served import SPEC, Served, served

AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR}"}


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr("benchrace.central.api.access.visitor.WRONG_S", 0.01)
    async with served(tmp_path, **ASKS) as central:
        yield central


async def create(site: Served, role: str, name: str = "someone", **more: Any) -> httpx.Response:
    body = {"role": role, "name": name, **more}
    return await site.http.post("/api/tokens", json=body, headers=AS_OPERATOR)


async def listed(site: Served) -> dict[str, Any]:
    answer = await site.http.get("/api/tokens", headers=AS_OPERATOR)
    return {entry["token_id"]: entry for entry in answer.json()["tokens"]}


async def test_a_token_is_shown_once_and_listed_without_its_secret(site: Served) -> None:
    created = await create(site, "watcher", "dashboard")
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    token, entry = created.json()["token"], created.json()["entry"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await site.http.get("/api/runs", headers=headers)).status_code == 200
    assert (await site.http.post("/api/runs", json={}, headers=headers)).status_code == 403
    answer = await site.http.get("/api/tokens", headers=AS_OPERATOR)
    assert token not in answer.text
    shown = (await listed(site))[entry["token_id"]]
    assert (shown["name"], shown["role"], shown["origin"]) == ("dashboard", "watcher", "named")
    assert shown["used_at"] is not None
    configured = (await listed(site))["first-operator"]
    assert (configured["rotatable"], configured["revocable"]) == (False, False)
    assert "central.yaml" in configured["note"]
    refused = await site.http.post("/api/tokens/first-operator/rotate", headers=AS_OPERATOR)
    assert (refused.status_code, "central.yaml" in refused.text) == (409, True)


@pytest.mark.parametrize(
    "body", [{}, {"role": "agent"}, {"role": "x", "name": "x"}, {"role": "agent", "name": ""}]
)
async def test_what_is_no_token_is_refused(site: Served, body: dict[str, str]) -> None:
    answer = await site.http.post("/api/tokens", json=body, headers=AS_OPERATOR)
    assert answer.status_code == 422


async def test_only_operators_see_and_change_tokens(site: Served) -> None:
    headers = {"Authorization": f"Bearer {WATCH}"}
    for path in ("/api/tokens", "/api/invitations"):
        refused = await site.http.get(path, headers=headers)
        assert refused.status_code == 403
        assert "operator" in refused.json()["error"]["message"]
        assert (await site.http.post(path, json={}, headers=headers)).status_code == 403


async def test_a_revoked_agent_token_closes_its_link_and_no_other(site: Served) -> None:
    own = (await create(site, "agent", machine_id="one")).json()
    one, other = FakeAgent("one", token=own["token"]), FakeAgent("other", token=TOKEN)
    await site.link(one, other)
    await site.http.delete(f"/api/tokens/{own['entry']['token_id']}", headers=AS_OPERATOR)

    async def refused() -> bool:
        return one.refused is not None

    await site.until(refused, (True,))
    assert one.refused is not None
    assert "wrong or revoked" in one.refused.failure.message
    assert (other.links, other.refused) == (1, None)


async def test_an_agent_token_of_its_own_links_only_its_machine(site: Served) -> None:
    own = (await create(site, "agent", machine_id="one")).json()
    another = FakeAgent("another", token=own["token"])
    await site.link(FakeAgent("one", token=own["token"]))
    site.group.start_soon(another.run, site.url.replace("http", "ws") + "/api/v1/link")

    async def refused() -> bool:
        return another.refused is not None

    await site.until(refused, (True,))
    assert another.refused is not None
    assert "belongs to the machine one" in another.refused.failure.message


async def test_a_revoked_token_ends_its_sessions_and_streams(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "PING_S", 0.05)
    monkeypatch.setattr(access, "LASTING_S", 0.05)
    agent = FakeAgent(open_gate=anyio.Event())
    await site.link(agent)
    run_id = (await site.http.post("/api/runs", json=SPEC, headers=AS_OPERATOR)).json()["run_id"]
    created = (await create(site, "watcher")).json()
    session = cookie(await login(site, created["token"]))
    site.http.cookies.clear()
    live = {"Accept": "text/event-stream", "Cookie": f"{session.key}={session.value}"}
    async with site.http.stream("GET", f"/api/runs/{run_id}/events", headers=live) as log:
        lines = log.aiter_lines()
        while await anext(lines) != ": ping":
            pass
        path = f"/api/tokens/{created['entry']['token_id']}"
        assert (await site.http.delete(path, headers=AS_OPERATOR)).status_code == 200
        assert [line async for line in lines if line.startswith("event:")] == []
    assert (await site.http.get("/api/runs", headers=live)).status_code == 401
    bearer = {"Authorization": f"Bearer {created['token']}"}
    assert (await site.http.get("/api/runs", headers=bearer)).status_code == 401


@pytest.mark.parametrize("used_before", [True, False])
async def test_a_login_link_ends_with_the_token_of_who_made_it(
    site: Served, used_before: bool
) -> None:
    created = (await create(site, "operator")).json()
    bearer = {"Authorization": f"Bearer {created['token']}"}
    link = await site.http.post("/api/login-link", json={"watch": True}, headers=bearer)
    code = {"code": link.json()["path"].removeprefix("/#login=")}
    path = f"/api/tokens/{created['entry']['token_id']}"
    if used_before:
        assert (await site.http.post("/api/login", json=code)).json()["right"] == "watch"
        assert (await site.http.get("/api/runs")).status_code == 200
    site.http.headers.update({"Authorization": f"Bearer {OPERATOR}"})
    await site.http.delete(path)
    del site.http.headers["Authorization"]
    if used_before:
        assert (await site.http.get("/api/runs")).status_code == 401
    else:
        assert (await site.http.post("/api/login", json=code)).status_code == 401


async def test_a_stored_first_token_is_rotated_without_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path, token=None) as site:
        created = (await site.http.post("/api/tokens/first-agent/rotate")).json()
        await site.link(FakeAgent("one", token=created["token"]))
        await site.http.post("/api/tokens/first-agent/rotate")

        async def unlinked() -> bool:
            (machine,) = (await site.get("/api/machines"))["machines"]
            return machine["connected_at"] is None

        await site.until(unlinked, (True,))
