"""Invitations and joining over HTTP."""

import logging
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchrace.api.joining import CLOCK_S
from benchrace.central.api.access import visitor
from benchrace.errors import BenchraceError, Category
from benchrace.protocol.version import PROTOCOL
from benchrace.store import atomic
from benchrace.tls.pinning import pin_of
from tests.central.api.access.test_login import ASKS, OPERATOR
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served
from tests.tls.certificates import Certificates
from tests.tls.conftest import certificates

__all__ = ["certificates"]

AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR}"}


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(visitor, "WRONG_S", 0.01)
    async with served(tmp_path, **ASKS) as central:
        yield central


async def invite(site: Served, **body: Any) -> dict[str, Any]:
    answer = await site.http.post("/api/invitations", json=body, headers=AS_OPERATOR)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    invitation: dict[str, Any] = answer.json()
    return invitation


async def join(site: Served, code: str, **changes: Any) -> httpx.Response:
    body = {
        "code": code,
        "machine_id": "one",
        "host_id": "one host",
        "label": "One",
        "version": "0",
        "protocol": PROTOCOL,
        "wall_s": time.time(),
    }
    return await site.http.post("/api/v1/agents/join", json=body | changes)


def words(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["message"], error["remedy"]


async def test_a_machine_joins_once_and_gets_a_token_that_only_it_may_use(
    site: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    invitation = await invite(site, label="desk")
    pending = (await site.http.get("/api/invitations", headers=AS_OPERATOR)).json()
    assert pending == {"invitations": [invitation["entry"]]}
    answer = await join(site, invitation["code"])
    assert answer.headers["cache-control"] == "no-store"
    joined = answer.json()
    assert (joined["machine_id"], joined["protocol"]) == ("one", PROTOCOL)
    assert abs(joined["clock_ahead_s"]) < CLOCK_S
    assert (await site.http.get("/api/invitations", headers=AS_OPERATOR)).json() == {
        "invitations": []
    }
    bearer = {"Authorization": f"Bearer {joined['token']}"}
    own = await site.http.get("/api/v1/agents/self", headers=bearer)
    assert own.json() == {"machine_id": "one", "state": None, "reason": None}
    await site.link(FakeAgent("one", token=joined["token"]))

    async def state() -> str:
        answer = await site.http.get("/api/v1/agents/self", headers=bearer)
        return str(answer.json()["state"])

    await site.until(state, ("ready",))
    tokens = (await site.http.get("/api/tokens", headers=AS_OPERATOR)).json()["tokens"]
    assert [(token["name"], token["machine_id"]) for token in tokens[3:]] == [("desk", "one")]
    for path in ("/api/runs", "/api/machines", "/api/tokens"):
        assert (await site.http.get(path, headers=bearer)).status_code == 403
    for secret in (invitation["code"], joined["token"]):
        assert secret not in caplog.text
        assert secret not in (site.data / "central" / "tokens.json").read_text()


async def test_a_code_that_is_not_valid_is_refused_in_words(site: Served) -> None:
    used = (await invite(site))["code"]
    assert (await join(site, used)).status_code == 200
    cancelled = await invite(site)
    path = f"/api/invitations/{cancelled['entry']['invitation_id']}"
    assert (await site.http.delete(path, headers=AS_OPERATOR)).status_code == 200
    assert (await site.http.delete(path, headers=AS_OPERATOR)).status_code == 404
    for code, why in (
        (used, "already been used"),
        (cancelled["code"], "was cancelled"),
        ("wrong", "no invitation"),
    ):
        status, message, remedy = words(await join(site, code))
        assert (status, why in message) == (401, True)
        assert "benchrace central invite" in remedy


async def test_wrong_codes_are_limited_like_wrong_tokens(site: Served) -> None:
    code = (await invite(site))["code"]
    guessed = [(await join(site, f"guess {number}")).status_code for number in range(11)]
    assert guessed == [401] * 10 + [429]
    assert (await join(site, code)).status_code == 429


async def test_what_is_refused_for_another_reason_leaves_the_code_valid(site: Served) -> None:
    await site.link(FakeAgent("taken", host_id="another host"))
    code = (await invite(site))["code"]
    status, message, remedy = words(await join(site, code, machine_id="taken"))
    assert (status, "linked from 127.0.0.1" in message) == (409, True)
    assert "--machine-id" in remedy
    status, message, remedy = words(await join(site, code, protocol="0.1"))
    assert (status, "protocol 0.1" in message, "Update" in remedy) == (422, True, True)
    for bad in ({"machine_id": "../x"}, {"host_id": ""}, {"wall_s": "now"}, {"more": 1}):
        assert (await join(site, code, **bad)).status_code == 422
    assert (await join(site, code)).status_code == 200


async def test_a_code_is_valid_again_where_no_token_can_be_stored(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (await invite(site))["code"]

    def full(path: Path, data: bytes) -> None:
        raise BenchraceError(Category.DISK_FULL, "the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(atomic, "write_private", full)
        assert (await join(site, code)).status_code == 507
    assert (await join(site, code)).status_code == 200
    assert (await join(site, code)).status_code == 401


async def test_a_clock_that_is_far_off_is_told(
    site: Served, caplog: pytest.LogCaptureFixture
) -> None:
    code = (await invite(site))["code"]
    joined = (await join(site, code, wall_s=time.time() + 3600)).json()
    assert abs(joined["clock_ahead_s"] - 3600) < CLOCK_S
    assert "the clock of one differs" in caplog.text


async def test_a_machine_that_joins_again_replaces_its_token_and_may_leave(site: Served) -> None:
    first, second = [
        (await join(site, (await invite(site))["code"])).json()["token"] for _ in range(2)
    ]
    headers = {token: {"Authorization": f"Bearer {token}"} for token in (first, second)}
    leave = "/api/v1/agents/leave"
    assert (await site.http.post(leave, headers=headers[first])).status_code == 401
    assert (await site.http.post(leave, headers=headers[second])).json() == {"revoked": True}
    assert (await site.http.post(leave, headers=headers[second])).status_code == 401
    shared = {"Authorization": f"Bearer {ASKS['operator_token']}"}
    assert (await site.http.post(leave, headers=shared)).json() == {"revoked": False}


async def test_a_machine_that_is_forgotten_has_no_token(site: Served) -> None:
    token = (await join(site, (await invite(site))["code"])).json()["token"]
    agent = FakeAgent("one", token=token, host_id="one host")
    await site.link(agent)
    agent.away = True
    await agent.cut()

    async def forgotten() -> bool:
        return (await site.http.delete("/api/machines/one", headers=AS_OPERATOR)).is_success

    await site.until(forgotten, (True,))
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await site.http.get("/api/v1/agents/self", headers=bearer)).status_code == 401


async def test_an_invitation_has_the_pin_of_a_central_with_tls(
    tmp_path: Path, certificates: Certificates
) -> None:
    async with served(tmp_path / "plain", **ASKS) as plain:
        invitation = await invite(plain)
        assert (invitation["pin"], invitation["client_certificates"]) == (None, False)
    async with served(tmp_path / "secure", tls=certificates.server, **ASKS) as secure:
        verify = ssl.create_default_context(cafile=certificates.ca)
        async with httpx.AsyncClient(verify=verify, base_url=secure.url) as http:
            answer = await http.post("/api/invitations", json={}, headers=AS_OPERATOR)
        assert answer.json()["pin"] == pin_of(certificates.server)
