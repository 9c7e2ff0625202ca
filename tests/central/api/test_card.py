"""The card of a run over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import anyio
import pytest

from benchrace.config.central import Watching
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served

IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
OPERATOR = "the operators token"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as central:
        yield central


async def test_a_finished_run_has_a_card(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit(name="first & <best>")))["run_id"]
    answer = await site.http.get(f"/api/runs/{run_id}/card.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    root = ElementTree.fromstring(answer.content)
    assert root.attrib["width"] == "1200"
    assert "first & <best>" in "".join(root.itertext())

    square = {"shape": "square", "theme": "dark"}
    other = await site.http.get(f"/api/runs/{run_id}/card.svg", params=square)
    assert ElementTree.fromstring(other.content).attrib["width"] == "1080"
    exported = await site.http.get(f"/api/runs/{run_id}/export.card")
    assert exported.content == answer.content
    assert exported.headers["content-disposition"] == f'attachment; filename="{run_id}.svg"'


async def test_a_card_is_cached_until_it_changes(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]
    path = f"/api/runs/{run_id}/card.svg"
    first = await site.http.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    headers = {"If-None-Match": first.headers["etag"]}
    again = await site.http.get(path, headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    dark = await site.http.get(path, params={"theme": "dark"}, headers=headers)
    assert dark.status_code == 200
    await site.http.patch(f"/api/runs/{run_id}", json={"name": "renamed"})
    renamed = await site.http.get(path, headers=headers)
    assert renamed.status_code == 200
    assert b"renamed" in renamed.content


@pytest.mark.parametrize(("field", "value"), [("shape", "oval"), ("theme", "<script>")])
async def test_what_is_unknown_is_named(site: Served, field: str, value: str) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]
    answer = await site.http.get(f"/api/runs/{run_id}/card.svg", params={field: value})
    assert answer.status_code == 422
    (error,) = answer.json()["error"]["fields"]
    assert error["path"] == field
    assert value in error["message"]


async def test_a_missing_run_is_not_drawn(site: Served) -> None:
    answer = await site.http.get("/api/runs/2026-01-01_000000_aaaaaa/card.svg")
    assert answer.status_code == 404


async def test_the_card_of_a_waiting_run_says_what_it_waits_for(site: Served) -> None:
    agent = FakeAgent()
    agent.open_gate = anyio.Event()
    await site.link(agent)
    run_id = await site.submit()
    waiting = await site.http.get(f"/api/runs/{run_id}/card.svg")
    assert waiting.status_code == 200
    assert b">No result<" in waiting.content
    agent.open_gate.set()
    await site.over(run_id)
    done = await site.http.get(f"/api/runs/{run_id}/card.svg")
    assert b">No result<" not in done.content


@pytest.mark.parametrize(
    ("watch", "status"),
    [(Watching.EVERYBODY, 200), (Watching.TOKEN, 403), (Watching.NOBODY, 403)],
)
async def test_another_site_shows_a_card_where_everybody_may_watch(
    tmp_path: Path, watch: Watching, status: int
) -> None:
    settings: dict[str, Any] = {
        "operator_token": OPERATOR,
        "watch": watch,
        "watch_token": "the watchers token",
    }
    async with served(tmp_path, require_token=True, **settings) as site:
        site.http.headers["Authorization"] = f"Bearer {OPERATOR}"
        await site.link(FakeAgent())
        run_id = (await site.over(await site.submit()))["run_id"]
        del site.http.headers["Authorization"]
        path = f"/api/runs/{run_id}/card.svg"
        card = await site.http.get(path, params={"theme": "dark"}, headers=IMAGE)
        assert card.status_code == status
        policy = "cross-origin" if status == 200 else "same-origin"
        assert card.headers["cross-origin-resource-policy"] == policy
        if status == 200:
            assert card.headers["cache-control"] == "private, max-age=300"
            assert card.headers["content-security-policy"] == "sandbox; default-src 'none'"
        for other in (
            f"/api/runs/{run_id}",
            f"/api/runs/{run_id}/export.card",
            f"/api/runs/{run_id}/card.svg/",
            "/api/runs",
            "/api/machines",
        ):
            assert (await site.http.get(other, headers=IMAGE)).status_code == 403, other
        script = IMAGE | {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        assert (await site.http.get(path, headers=script)).status_code == 403


async def test_a_central_without_tokens_shows_its_cards_to_no_other_site(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]
    answer = await site.http.get(f"/api/runs/{run_id}/card.svg", headers=IMAGE)
    assert answer.status_code == 403
