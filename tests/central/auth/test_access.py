"""Every route of a central that asks for tokens, walked by every kind of visitor.

Among them are holders of revoked tokens, and a machine's own token where others are named.
"""

import json
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from anyio import to_thread
from quart import Quart

from benchrace.api.paths import ASSETS, JOIN, LEAVE, SELF, WHEELS
from benchrace.api.tokens import TokenRole
from benchrace.central.central import Central
from benchrace.compat.central import install
from benchrace.config.central import Watching
from benchrace.web.auth.access import READS
from benchrace.web.auth.login_rate_limit import Attempts
from tests.central.offer import TOKEN
from tests.central.served import Served, served

OPERATOR = "the operators token"
WATCH = "the watchers token"
AGENTS_OWN = "/api/v1/agents/"
SERVICE = "/api/service/"
# All that is served to who shows nothing: the page's shell and files, and what tells no more.
OPEN = {
    *("/", "/inference", "/compute", "/image", "/whisper"),
    *("/runs", "/runs/page.x", "/runs/page.x/replay"),
    *(
        "/fleet",
        "/machines/page.x",
        "/compare",
        "/admin",
        "/favicon.svg",
        "/licenses.txt",
        "/assets/page.x",
        "/health",
        "/api/session",
    ),
}
# A component that is none: who may ask learns so, and nothing is stopped.
VALUES = {"name": "page.x", "component": "none", "action": "stop"}
Request = tuple[str, str, dict[str, str]]
TOKENS = {
    "nobody": None,
    "nobody with a wrong token": "a wrong token",
    "watcher": WATCH,
    "operator": OPERATOR,
    "agent": TOKEN,
}
PLAIN = {*TOKENS, "watcher's session", "operator's session"}
# Who shows nothing, for `make check`; the others are slow, as they are many.
FIRST = ("nobody",)
# What only operators read, and what an agent with a token of its own reads of its machine.
OPERATORS_OWN = ("/api/tokens", "/api/invitations")
ANY_AGENT = (SELF, LEAVE, WHEELS, f"{WHEELS}/page.x", f"{ASSETS}/none")
# These check a code or change who may ask; the tests of joining and logging in say how they answer.
ASIDE = ("/api/logout", "/api/login", JOIN, LEAVE)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass
class Routes:
    served: Served
    app: Quart

    def routes(self) -> list[tuple[str, str]]:
        """Return every method and path of the application."""
        pairs: list[tuple[str, str]] = []
        for rule in self.app.url_map.iter_rules():
            path = rule.rule
            for argument in rule.arguments:
                value = VALUES.get(argument, "none")
                path = path.replace(f"<{argument}>", value).replace(f"<path:{argument}>", value)
            assert "<" not in path, path
            pairs += [(method, path) for method in sorted(rule.methods or ())]
        return pairs

    async def visitors(self) -> dict[str, dict[str, str]]:
        """Return each kind of visitor's headers: with a token, or a session's cookie."""
        headers = {who: {} if token is None else bearer(token) for who, token in TOKENS.items()}
        for who, token in (("watcher's session", WATCH), ("operator's session", OPERATOR)):
            headers[who] = await self.session(token)
        _, token = await self.create(TokenRole.AGENT, "another")
        headers["agent of another machine"] = bearer(token)
        for role in TokenRole:
            token_id, token = await self.create(role)
            headers[f"nobody, revoked {role}"] = bearer(token)
            if role is TokenRole.OPERATOR:
                headers["nobody, session of a revoked operator"] = await self.session(token)
            path = f"/api/tokens/{token_id}"
            await self.served.http.delete(path, headers=bearer(OPERATOR))
        return headers

    async def session(self, token: str) -> dict[str, str]:
        answer = await self.served.http.post("/api/login", json={"token": token})
        self.served.http.cookies.clear()
        return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}

    async def create(self, role: TokenRole, machine_id: str | None = None) -> tuple[str, str]:
        """Create a named token; return its id, and the token."""
        wanted = {"role": role, "name": f"a {role}", "machine_id": machine_id}
        answer = await self.served.http.post("/api/tokens", json=wanted, headers=bearer(OPERATOR))
        created = answer.json()
        return created["entry"]["token_id"], created["token"]

    async def ask(self, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        return await self.served.http.request(method, path, headers=headers)


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Routes]:
    # Many visitors here are wrong, and each is to learn that.
    monkeypatch.setattr("benchrace.central.central.Attempts", partial(Attempts, 10**6))
    apps: list[Quart] = []

    def extend(app: Quart, central: Central) -> None:
        install(app, central)
        apps.append(app)

    settings = {"operator_token": OPERATOR, "watch": Watching.TOKEN, "watch_token": WATCH}
    async with served(tmp_path, extend=extend, require_token=True, **settings) as central:
        # The application is made beside the start; an answer comes out of it.
        await central.http.get("/health")
        yield Routes(central, apps[0])


def answers_to(url: str, requests: list[Request]) -> list[tuple[int, bytes]]:
    """Ask one by one, with a client that costs less than what it asks: these are very many."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
    answers = []
    with closing(connection):
        for method, path, headers in requests:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read()))
    return answers


def refusal(who: str, method: str, path: str) -> int | None:
    """Return how a visitor is refused, None where the request reaches its route."""
    kind = who.removesuffix("'s session")
    service = path.startswith(SERVICE)
    if path in OPEN or kind == "operator" or (method == "OPTIONS" and service):
        return None
    match kind:
        case _ if kind.startswith("nobody"):
            return 401
        case "watcher" if path in OPERATORS_OWN and method in ("GET", "HEAD"):
            return 403
        case "watcher":
            return None if method in READS else 403
        case "agent of another machine" if path.startswith(AGENTS_OWN):
            return None if method == "OPTIONS" or path in ANY_AGENT else 403
        case _ if path.startswith(AGENTS_OWN):
            return None
        case _:
            return 401 if service else 403


@pytest.mark.timeout(180)
@pytest.mark.parametrize("first", [True, pytest.param(False, marks=pytest.mark.slow)])
async def test_every_route_lets_in_whom_it_should(site: Routes, first: bool) -> None:
    wrong: list[str] = []
    refused: set[tuple[str, int | None]] = set()
    everybody = await site.visitors()
    visitors = {who: shows for who, shows in everybody.items() if (who in FIRST) is first}
    assert visitors.keys() >= set(FIRST) or not first
    visits = [
        (who, method, path)
        for method, path in site.routes()
        # What these answer is told by the tests of logging in.
        if path not in ASIDE
        for who in visitors
        # What these get for HEAD and OPTIONS the others show.
        if who in PLAIN or method not in ("HEAD", "OPTIONS")
    ]
    requests = [(method, path, visitors[who]) for who, method, path in visits]
    answers = await to_thread.run_sync(answers_to, site.served.url, requests)
    for (who, method, path), (code, body) in zip(visits, answers, strict=True):
        expected = refusal(who, method, path)
        status = code if code in (401, 403, 429) else None
        refused.add((who, status))
        if status != expected:
            wrong.append(f"{who} {method} {path}: {code}, expected {expected}")
        elif status is not None and method != "HEAD":
            assert json.loads(body)["error"]["remedy"], path
    assert wrong == []
    assert len(site.routes()) > 60
    for who in visitors:
        assert "operator" in who or (who, 401 if who.startswith("nobody") else 403) in refused, who


@pytest.mark.slow
async def test_no_other_site_and_no_other_name_gets_in(site: Routes) -> None:
    visitors = await site.visitors()
    wrong: list[str] = []
    for method, path in site.routes():
        for who in ("nobody", "operator", "operator's session"):
            rebound = await site.ask(method, path, visitors[who] | {"Host": "evil.example"})
            if rebound.status_code != 421:
                wrong.append(f"{who} {method} {path} by another name: {rebound.status_code}")
            if method in READS:
                continue
            for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                answer = await site.ask(method, path, visitors[who] | foreign)
                if answer.status_code != 403:
                    wrong.append(f"{who} {method} {path} from elsewhere: {answer.status_code}")
    assert wrong == []


async def test_everybody_watches_where_that_is_said(tmp_path: Path) -> None:
    settings = {"operator_token": OPERATOR, "watch": Watching.EVERYBODY}
    async with served(tmp_path, extend=install, require_token=True, **settings) as central:
        assert (await central.http.get("/api/runs")).status_code == 200
        refused = await central.http.post("/api/runs", json={})
        assert refused.status_code == 403
        assert "you are a watcher" in refused.json()["error"]["message"]
        wrong = {"Authorization": "Bearer wrong"}
        assert (await central.http.get("/api/runs", headers=wrong)).status_code == 401


async def test_a_loopback_central_asks_nobody(tmp_path: Path) -> None:
    async with served(tmp_path, extend=install) as central:
        session = await central.get("/api/session")
        assert session == {"asks": False, "right": "operate", "watch": "nobody", "expires_at": None}
        for body in ({}, {"kind": "none"}):
            assert (await central.http.post("/api/runs", json=body)).status_code == 422
