"""What the page of a run says to who only fetches it, by who may watch."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchrace.central.api.page import page_files
from benchrace.config.central import Watching
from tests.central.scripted import FakeAgent
from tests.central.served import served

OPERATOR = "the operators token"
PUBLIC = {"operator_token": OPERATOR, "watch": Watching.EVERYBODY}
HTML = {"Accept": "text/html"}

pytestmark = pytest.mark.skipif(page_files() is None, reason="the page is not built")


async def shell(data: Path, path: str, **settings: Any) -> tuple[int, str]:
    """Finish a run named `x<y`, and return its page as somebody without a token gets it."""
    async with served(data, require_token=True, **settings) as site:
        site.http.headers["Authorization"] = f"Bearer {OPERATOR}"
        await site.link(FakeAgent())
        run_id = (await site.over(await site.submit(name="x<y")))["run_id"]
        del site.http.headers["Authorization"]
        answer = await site.http.get(path.format(run=run_id), headers=HTML)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-cache"
        return answer.status_code, answer.text


@pytest.mark.parametrize("path", ["/runs/{run}", "/runs/{run}/replay"])
async def test_a_public_run_is_named(tmp_path: Path, path: str) -> None:
    status, text = await shell(tmp_path, path, **PUBLIC)
    assert status == 200
    head = text[: text.index("</head>")]
    assert re.search(r'<meta property="og:title" content="[\d.]+[^"]* · x&lt;y">', head)
    assert 'id="page"' in text


@pytest.mark.parametrize("path", ["/runs", "/runs/2026-01-01_000000_aaaaaa", "/runs/..%2fx"])
async def test_other_pages_are_as_they_were(tmp_path: Path, path: str) -> None:
    _, text = await shell(tmp_path, path, **PUBLIC)
    assert "og:" not in text


@pytest.mark.parametrize("watch", [Watching.NOBODY, Watching.TOKEN])
async def test_nothing_of_a_run_is_said_where_a_token_is_needed(
    tmp_path: Path, watch: Watching
) -> None:
    settings = {"operator_token": OPERATOR, "watch": watch, "watch_token": "the watchers token"}
    status, text = await shell(tmp_path, "/runs/{run}", **settings)
    assert status == 200
    assert "og:" not in text
    assert "x&lt;y" not in text
    assert "x<y" not in text
