"""What central sends: compressed, tagged, and descriptions by their digest."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from anyio import to_thread

from benchrace.central.api.page import page_files
from benchrace.plugin.description import WorkloadDescription
from tests.central.offer import WORKLOAD
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as central:
        yield central


async def raw(site: Served, path: str, **headers: str) -> tuple[bytes, Any]:
    """Return a body as it came over the wire, and its answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.http.stream("GET", path, headers=names) as answer:
        return b"".join([chunk async for chunk in answer.aiter_raw()]), answer


async def test_a_description_is_fetched_by_its_digest(site: Served) -> None:
    await site.link(FakeAgent())
    (kind,) = (await site.get("/api/workloads"))["workloads"]
    path = f"/api/workloads/{kind['offers'][0]['workload']['digest']}"
    answer = await site.http.get(path)
    assert msgspec.json.decode(answer.content, type=WorkloadDescription) == WORKLOAD
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    missing = await site.http.get("/api/workloads/0123")
    assert missing.status_code == 404
    assert "/api/workloads" in missing.json()["error"]["remedy"]
    assert "immutable" not in missing.headers.get("cache-control", "")


async def test_machines_name_descriptions_and_hold_none(site: Served) -> None:
    await site.link(FakeAgent())
    for path in ("/api/machines", "/api/workloads", "/api/capabilities"):
        assert "params_schema" not in (await site.http.get(path)).text


async def test_what_is_polled_is_not_sent_again(site: Served) -> None:
    await site.link(FakeAgent())
    await site.over(await site.submit())
    for path in ("/api/workloads", "/api/capabilities", "/api/runs?state=done"):
        first = await site.http.get(path)
        assert first.headers["cache-control"] == "private, no-cache"
        cached = {"If-None-Match": first.headers["etag"]}
        again = await site.http.get(path, headers=cached)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["x-content-type-options"] == "nosniff"
        head = await site.http.head(path)
        assert head.headers["etag"] == first.headers["etag"]
        assert head.headers["content-length"] == first.headers["content-length"]
    before = await site.http.get("/api/runs?state=done")
    await site.over(await site.submit())
    after = await site.http.get(
        "/api/runs?state=done", headers={"If-None-Match": before.headers["etag"]}
    )
    assert after.status_code == 200


async def test_a_stored_log_is_compressed_and_its_place_names_it(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]
    path = f"/api/runs/{run_id}/events"
    plain, _ = await raw(site, path, accept_encoding="identity")
    small, answer = await raw(site, path, accept_encoding="gzip")
    assert gzip.decompress(small) == plain
    assert len(small) < len(plain) / 2
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    body, again = await raw(
        site, path, accept_encoding="gzip", if_none_match=answer.headers["etag"]
    )
    assert (again.status_code, body) == (304, b"")
    events, live = await raw(site, path, accept_encoding="gzip", accept="text/event-stream")
    assert "content-encoding" not in live.headers
    assert events.startswith(b"retry: 1000\n\n")


async def test_the_page_is_sent_as_its_build_compressed_it(site: Served) -> None:
    files = await to_thread.run_sync(page_files)
    if files is None:
        pytest.skip("the page is not built")
    name, script = max(files.items(), key=lambda item: len(item[1].data))
    assert script.encoded.keys() == {"br", "gzip"}
    for accept, data in (
        ("gzip, deflate, br", script.encoded["br"]),
        ("gzip", script.encoded["gzip"]),
        ("identity", script.data),
    ):
        body, answer = await raw(site, f"/{name}", accept_encoding=accept)
        assert body == data
        assert answer.headers["content-length"] == str(len(data))
        assert answer.headers["vary"] == "Accept-Encoding"
        head = await site.http.head(f"/{name}", headers={"Accept-Encoding": accept})
        assert head.headers["content-length"] == str(len(data))
        cached = await site.http.get(
            f"/{name}",
            headers={"Accept-Encoding": accept, "If-None-Match": answer.headers["etag"]},
        )
        assert cached.status_code == 304
    assert gzip.decompress(script.encoded["gzip"]) == script.data
    for ending in (".br", ".gz"):
        assert (await site.http.get(f"/{name}{ending}")).status_code == 404
