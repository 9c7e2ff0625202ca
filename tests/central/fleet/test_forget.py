"""Forgetting machines that are not linked."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as central:
        yield central


async def leave(site: Served, agent: FakeAgent) -> None:
    """Cut the link of an agent for good, as far as central can see."""
    agent.away = True
    await agent.cut()

    async def linked() -> bool:
        return any(
            machine["connected_at"] is not None
            for machine in (await site.get("/api/machines"))["machines"]
            if machine["machine_id"] == agent.machine_id
        )

    await site.until(linked, (False,))


async def names(site: Served) -> list[str]:
    return [machine["machine_id"] for machine in (await site.get("/api/machines"))["machines"]]


async def test_a_machine_is_forgotten_and_its_runs_keep_their_data(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        agent = FakeAgent("old")
        await site.link(agent, FakeAgent("new"))
        run = await site.over(await site.submit(lanes=[{"machine_id": "old"}]))
        await leave(site, agent)
        gone = await site.http.delete("/api/machines/old")
        assert (gone.status_code, gone.json()) == (200, {"deleted": "old"})
        assert await names(site) == ["new"]
        again = await site.http.delete("/api/machines/old")
        assert again.status_code == 404
        assert await site.get(f"/api/runs/{run['run_id']}") == run
    async with served(tmp_path) as site:
        assert await names(site) == ["new"]
        assert (await site.get(f"/api/runs/{run['run_id']}"))["lanes"] == run["lanes"]
        # It may come back, as a new machine.
        await site.link(FakeAgent("old"))
        assert await names(site) == ["new", "old"]


async def test_a_machine_that_is_linked_or_needed_stays(site: Served) -> None:
    agent = FakeAgent("local", open_gate=anyio.Event())
    await site.link(agent)
    linked = await site.http.delete("/api/machines/local")
    assert (linked.status_code, linked.json()["error"]["category"]) == (409, "busy")
    assert "Stop its agent" in linked.json()["error"]["remedy"]
    run_id = await site.submit()
    await leave(site, agent)
    needed = await site.http.delete("/api/machines/local")
    assert needed.status_code == 409
    assert run_id in needed.json()["error"]["message"]
    assert await names(site) == ["local"]


async def test_one_that_the_disk_still_has_is_not_forgotten(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = FakeAgent("old")
    await site.link(agent)
    await leave(site, agent)

    def full(path: Path, data: bytes, mode: int = 0o644) -> None:
        raise BenchraceError(Category.DISK_FULL, "the disk is full")

    monkeypatch.setattr(atomic, "write", full)
    assert (await site.http.delete("/api/machines/old")).status_code == 507
    assert await names(site) == ["old"]
    monkeypatch.undo()
    assert (await site.http.delete("/api/machines/old")).status_code == 200
