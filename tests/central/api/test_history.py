"""What the pages of history and administration ask: choices, comparisons, logs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.central.scripted import FakeAgent
from tests.central.served import Served, served


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as central:
        yield central


async def test_runs_are_chosen_by_what_there_is(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit(tags=["a"])))["run_id"]
    await site.over(await site.submit(notes="why"))
    result = await site.get("/api/runs/choices")
    assert result["kinds"] == [{"value": "work", "runs": 2}]
    assert result["machines"] == [{"value": "local", "runs": 2}]
    assert result["tags"] == [{"value": "a", "runs": 1}]
    assert result["states"] == [{"value": "done", "runs": 2}]
    (tagged,) = (await site.get("/api/runs", tag="a", kind="work", machine="local"))["runs"]
    assert tagged["run_id"] == run_id
    assert (await site.get("/api/runs", kind="else"))["runs"] == []
    assert {run["notes"] for run in (await site.get("/api/runs"))["runs"]} == {None, "why"}
    assert (await site.http.get("/api/runs", params={"state": "odd"})).status_code == 422


async def test_two_runs_are_compared(site: Served) -> None:
    await site.link(FakeAgent())
    one = (await site.over(await site.submit()))["run_id"]
    other = (await site.over(await site.submit(params={"n": 20})))["run_id"]
    result = await site.get("/api/compare", a=one, b=other)
    assert (result["a"], result["b"], result["only_a"], result["only_b"]) == (one, other, [], [])
    (lane,) = result["lanes"]
    speed = next(metric for metric in lane["metrics"] if metric["name"] == "speed")
    assert speed["difference"].keys() == {"value", "relative", "ci95", "reason"}
    assert speed["a"]["value"] is not None
    differing = {difference["field"]: difference["role"] for difference in lane["differing"]}
    assert differing["params.n"] == "controlled variable"


async def test_lanes_of_several_runs_are_matched_by_hand(site: Served) -> None:
    await site.link(FakeAgent())
    lanes = [{"label": "x"}, {"label": "y"}]
    a, b, c = [(await site.over(await site.submit(lanes=lanes)))["run_id"] for _ in range(3)]
    runs = {"a": a, "b": b, "c": c}
    result = await site.get("/api/compare", **runs, match=["x=y=-", "", "lane-1=x"])
    pairs = [[(lane["a"], lane["b"]) for lane in one["lanes"]] for one in (result, *result["more"])]
    assert pairs == [[("lane-0", "lane-1"), ("lane-1", "lane-0")], [("lane-1", "lane-1")]]
    assert {lane["matched_by"] for lane in result["lanes"]} == {"hand"}
    assert (result["more"][0]["a"], result["more"][0]["b"]) == (a, c)
    answer = await site.http.get("/api/compare", params={**runs, "match": ["x=y", "y=z"]})
    assert answer.status_code == 422
    (field,) = answer.json()["error"]["fields"]
    assert field["path"] == "match[1]"
    assert f"run {b} has no lane 'z'; its lanes: lane-0 (x) and lane-1 (y)" in field["message"]


async def test_runs_of_the_same_work_are_a_series(site: Served) -> None:
    await site.link(FakeAgent())
    names = ("earliest", "middle", "latest")
    first = [(await site.over(await site.submit(name=name)))["run_id"] for name in names]
    other = (await site.over(await site.submit(params={"n": 20})))["run_id"]
    one, same = (await site.get("/api/runs/series"))["series"]
    assert (one["newest"]["run_id"], one["runs"], one["run_ids"]) == (other, 1, [other])
    assert one["lanes"][0]["change"]["verdict"] == "needs 3 runs"
    assert (same["newest"]["run_id"], same["runs"], same["run_ids"]) == (first[-1], 3, first)
    (lane,) = same["lanes"]
    rows = (await site.get("/api/runs", series=same["newest"]["series"]))["runs"]
    assert lane["values"] == [row["lanes"][0]["value"] for row in rows[::-1]]
    assert lane["change"]["earlier"] == 2
    assert (same["leading"], [row["run_id"] for row in rows]) == (0, first[::-1])
    (one,) = (await site.get("/api/runs/series", q="middle"))["series"]
    assert (one["runs"], one["run_ids"]) == (1, [first[1]])


async def test_a_comparison_needs_two_runs(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]
    answer = await site.http.get("/api/compare", params={"a": run_id})
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["path"] == "b"
    answer = await site.http.get("/api/compare", params={"a": run_id, "b": "../x"})
    assert answer.status_code == 404


async def test_logs_are_read_and_searched(site: Served, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    assert await site.get("/api/logs") == {"logs": []}
    folder.mkdir()
    (folder / "central.log").write_text("one begins\ntoken: abc\n\x1b[31mtwo begins\n")
    (folder / "note.txt").write_text("no log")
    (folder / "link.log").symlink_to(folder / "note.txt")
    (listed,) = (await site.get("/api/logs"))["logs"]
    assert (listed["name"], listed["size"]) == ("central", 38)
    result = await site.get("/api/logs/central", lines=2)
    assert result == {"lines": ["token: [not shown]", "two begins"], "size": 38, "cut": False}
    assert (await site.get("/api/logs/central", q="one"))["lines"] == ["one begins"]
    assert (await site.http.get("/api/logs/central", params={"lines": "x"})).status_code == 422


@pytest.mark.parametrize("name", ["none", "link", "..", "..%2fcentral", "%2e%2e%2fx", "a%00b"])
async def test_nothing_but_a_log_is_read(site: Served, tmp_path: Path, name: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "x.log").write_text("secret")
    (tmp_path / "logs" / "link.log").symlink_to(tmp_path / "x.log")
    answer = await site.http.get(f"/api/logs/{name}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/inference",
        "/runs",
        "/compare",
        "/fleet",
        "/admin",
        "/machines/x",
        "/runs/x",
        "/runs/x/replay",
    ],
)
async def test_every_address_of_the_page_gives_the_page(site: Served, path: str) -> None:
    answer = await site.http.get(path)
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_machine_has_a_history_over_its_runs(site: Served) -> None:
    await site.link(FakeAgent())
    empty = await site.get("/api/machines/local/history")
    assert empty == {"machine_id": "local", "first": {}, "periods": [], "complete": True}
    first = (await site.over(await site.submit()))["run_id"]
    await site.over(await site.submit())
    history = await site.get("/api/machines/local/history")
    (period,) = history["periods"]
    assert (period["run_id"], period["runs"], period["changes"]) == (first, 2, [])
    assert history["first"]["Usable threads"] == "6"


async def test_a_pinned_run_says_so_in_the_list(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]

    async def pinned() -> bool:
        (row,) = (await site.get("/api/runs"))["runs"]
        return bool(row["pinned"])

    assert not await pinned()
    assert (await site.http.patch(f"/api/runs/{run_id}", json={"pinned": True})).status_code == 200
    assert await pinned()
