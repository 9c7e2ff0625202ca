"""Forgetting machines that are not linked."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from benchrace.central.central import Central
from benchrace.central.fleet.machine import Machine
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from tests.central.hosting import Data
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


async def test_the_token_goes_before_the_machine(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with data.host() as host:
        central = host.central
        token = await anyio.to_thread.run_sync(central.tokens.make, "one")
        agent = FakeAgent("one", token=token)
        await host.link(agent)
        agent.away = True
        await agent.cut()
        await host.until(lambda: central.fleet.get("one").session is None)
        accepted: list[bool] = []
        forget = central.fleet.forget

        async def noted(machine_id: str) -> None:
            accepted.append(central.tokens.agent_digest(token) is not None)
            await forget(machine_id)

        monkeypatch.setattr(central.fleet, "forget", noted)
        await central.forget("one")
        assert accepted == [False]
        assert central.fleet.find("one") is None


async def test_a_link_by_the_token_that_is_revoked_ends_first(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with data.host() as host:
        central = host.central
        token = await anyio.to_thread.run_sync(central.tokens.make, "one")
        await host.link(FakeAgent("one", token=token))
        # As if it had linked between the check and the end of its token.
        check, names = central.fleet.check_unlinked, list[str]()

        def late(machine_id: str) -> Machine:
            names.append(machine_id)
            return check(machine_id) if len(names) > 1 else central.fleet.get(machine_id)

        monkeypatch.setattr(central.fleet, "check_unlinked", late)
        await central.forget("one")
        assert central.fleet.find("one") is None


async def test_a_run_that_begins_meanwhile_keeps_the_machine(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = FakeAgent("local", open_gate=anyio.Event())
    await site.link(agent)
    run_id = await site.submit()
    await leave(site, agent)
    check, checked = Central._check_unused, list[str]()

    def late(central: Central, machine_id: str) -> None:
        checked.append(machine_id)
        if len(checked) > 1:
            check(central, machine_id)

    monkeypatch.setattr(Central, "_check_unused", late)
    needed = await site.http.delete("/api/machines/local")
    assert needed.status_code == 409
    for words in (run_id, "token is revoked all the same"):
        assert words in needed.json()["error"]["message"]
    assert await names(site) == ["local"]
