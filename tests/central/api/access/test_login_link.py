"""Login links: who may make one, what it lets in, and that it does so once."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from benchrace.central.api.access import visitor
from benchrace.central.auth.access import LOCAL
from benchrace.config.central import Watching
from tests.central.api.access.test_login import ASKS, OPERATOR, WATCH
from tests.central.served import Served, served


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(visitor, "WRONG_S", 0.01)
    async with served(tmp_path, **ASKS) as central:
        yield central


def key(data: Path) -> str:
    return (data / "central" / LOCAL).read_text().strip()


async def link(site: Served, token: str, *, watch: bool = False) -> httpx.Response:
    return await site.http.post(
        "/api/login-link",
        json={"watch": watch},
        headers={"Authorization": f"Bearer {token}"},
    )


async def follow(site: Served, answer: httpx.Response) -> httpx.Response:
    code = answer.json()["path"].removeprefix("/#login=")
    site.http.cookies.clear()
    return await site.http.post("/api/login", json={"code": code})


@pytest.mark.parametrize(("watch", "right"), [(False, "operate"), (True, "watch")])
async def test_a_link_lets_one_in_once(
    site: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture, watch: bool, right: str
) -> None:
    caplog.set_level(logging.DEBUG)
    for token in (key(tmp_path), OPERATOR):
        link_path = await link(site, token, watch=watch)
        assert link_path.headers["cache-control"] == "no-store"
        assert "content-encoding" not in link_path.headers
        entered = await follow(site, link_path)
        assert (entered.status_code, entered.json()["right"]) == (200, right)
        assert (await site.get("/api/session"))["right"] == right
        again = await follow(site, link_path)
        assert again.status_code == 401
        assert "login-link" in again.json()["error"]["remedy"]
        assert "set-cookie" not in again.headers
        assert link_path.json()["path"].partition("=")[2] not in caplog.text


async def test_only_who_operates_makes_one(site: Served) -> None:
    assert (await link(site, WATCH, watch=True)).status_code == 403
    assert (await link(site, "wrong")).status_code == 401
    assert (await site.http.post("/api/login-link", json={})).status_code == 401


@pytest.mark.parametrize("body", [{"token": OPERATOR, "code": "x"}, {"code": ""}, {"code": 1}])
async def test_a_token_or_a_code(site: Served, body: dict[str, object]) -> None:
    assert (await site.http.post("/api/login", json=body)).status_code == 422


async def test_guesses_are_counted_like_wrong_tokens(site: Served) -> None:
    link_path = await link(site, OPERATOR)
    guessed = [
        (await site.http.post("/api/login", json={"code": f"guess {number}"})).status_code
        for number in range(11)
    ]
    assert guessed == [401] * 10 + [429]
    assert (await follow(site, link_path)).status_code == 429


async def test_the_key_is_its_owners_alone_and_of_this_start(tmp_path: Path) -> None:
    path = tmp_path / "central" / LOCAL
    async with served(tmp_path, **ASKS) as site:
        first = key(tmp_path)
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()
    async with served(tmp_path, **ASKS) as site:
        assert (await link(site, first)).status_code == 401


async def test_where_no_login_is_needed_there_is_no_link(tmp_path: Path) -> None:
    async with served(tmp_path / "open") as site:
        refused = await site.http.post("/api/login-link", json={})
        assert refused.status_code == 422
        assert not (tmp_path / "open" / "central" / LOCAL).exists()
    watched = ASKS | {"watch": Watching.EVERYBODY, "watch_token": None}
    async with served(tmp_path / "watched", **watched) as site:
        refused = await link(site, OPERATOR, watch=True)
        assert refused.status_code == 422
        assert "--watch" in refused.json()["error"]["remedy"]
