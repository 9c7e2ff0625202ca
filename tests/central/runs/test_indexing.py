"""The index broken under a central that serves: lists and changes stay right, and people see it."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchrace.store import database
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served
from tests.disk import fill, small_disk


async def names(site: Served) -> dict[str, str | None]:
    return {row["run_id"]: row["name"] for row in (await site.get("/api/runs"))["runs"]}


async def banner(site: Served) -> Any:
    return (await site.get("/api/status"))["central"]["banner"]


async def three_runs(site: Served) -> list[str]:
    await site.link(FakeAgent())
    return [(await site.over(await site.submit(name=str(n))))["run_id"] for n in range(3)]


def break_index(data: Path) -> None:
    path = data / "index.sqlite"
    for name in (path, path.with_name("index.sqlite-wal")):
        os.truncate(name, 0)


@pytest.mark.slow
async def test_deletes_and_changes_are_answered_as_done_and_listed(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        one, two, three = await three_runs(site)
        break_index(tmp_path)
        assert (await site.http.delete(f"/api/runs/{one}")).status_code == 200
        changed = await site.http.patch(f"/api/runs/{two}", json={"name": "new"})
        assert (changed.status_code, changed.json()["name"]) == (200, "new")
        wanted = {two: "new", three: "2"}
        await site.until(lambda: names(site), (wanted,))
        await site.until(lambda: banner(site), (None,))
        assert await names(site) == wanted
        assert (await site.get("/api/runs", q="new"))["runs"][0]["run_id"] == two
    async with served(tmp_path) as site:
        await site.until(lambda: names(site), (wanted,))


@pytest.mark.slow
async def test_people_are_told_while_the_file_cannot_be_used(tmp_path: Path) -> None:
    def refused(path: Path) -> Any:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    async with served(tmp_path) as site:
        runs = await three_runs(site)
    patch = pytest.MonkeyPatch()
    patch.setattr(database, "_connect", refused)
    async with served(tmp_path) as site:
        with contextlib.ExitStack() as undo:
            undo.callback(patch.undo)
            assert (await site.http.delete(f"/api/runs/{runs[0]}")).status_code == 200
            await site.until(lambda: names(site), ({runs[1]: "1", runs[2]: "2"},))
            body = await banner(site)
            assert "The list of runs is kept in memory" in body
            assert "readonly database" in body
        await site.until(lambda: banner(site), (None,))
        assert sorted(await names(site)) == sorted(runs[1:])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a data folder on a disk of its own, whose runs are on another."""
    with small_disk(tmp_path / "data", "size=400k") as data:
        (tmp_path / "runs").mkdir()
        (data / "runs").symlink_to(tmp_path / "runs")
        yield data


@pytest.mark.slow
async def test_a_disk_that_is_full_for_the_index_alone(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(disk) as site:
        one, two, three = await three_runs(site)
        fill(disk / "filler")
        for number in range(20):
            body = {"name": str(number), "notes": "x" * 4000}
            assert (await site.http.patch(f"/api/runs/{two}", json=body)).status_code == 200
        assert (await site.http.delete(f"/api/runs/{one}")).status_code == 200
        assert await names(site) == {two: "19", three: "2"}
        # The file that was given up may have left room enough for the next one already.
        assert "kept in memory" in caplog.text
        assert "disk is full" in caplog.text
        (disk / "filler").unlink()
        await site.until(lambda: banner(site), (None,))
        assert await names(site) == {two: "19", three: "2"}
    async with served(disk) as site:
        await site.until(lambda: names(site), ({two: "19", three: "2"},))
