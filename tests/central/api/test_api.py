"""Central's API, asked over HTTP while a scripted machine works behind the real link."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from benchrace.errors import FieldError
from benchrace.protocol.capabilities import LaneReadiness
from benchrace.run.document import decode
from benchrace.run.lane import JobLane
from benchrace.store.run_folder import RunFolder
from benchrace.testing.limits import HANG_S
from tests.central.scripted import FakeAgent
from tests.central.served import SPEC, Served, served

NO_RUNS = [
    "x",
    "..",
    "..%2f..%2fetc",
    "%00",
    "C:%5C",
    "2026-11-24_101500_ABCDEF",
    "2026-11-24_101500_abcdef",
    "2026-11-24_101500_abcdef%0a",
    "." * 4000,
]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as central:
        yield central


async def test_a_run_from_submit_to_export(site: Served, tmp_path: Path) -> None:
    await site.link(FakeAgent())
    run_id = await site.submit(name="first", tags=["a"])
    document = await site.over(run_id)
    assert (document["state"], document["name"], document["tags"]) == ("done", "first", ["a"])
    (lane,) = document["lanes"]
    assert lane["params"] == {"n": 10, "threads": 1}
    speed = lane["summary"]["speed"]
    assert {"n", "mean", "median", "sd", "cv", "ci95", "unit", "better"} <= speed.keys()
    assert (speed["n"], speed["unit"], speed["better"]) == (3, "1/s", "higher")
    assert [round_["warmup"] for round_ in lane["rounds"]] == [True, False, False, False]
    assert {"round", "warmup", "heat", "verdict", "reasons", "measured"} <= lane["rounds"][0].keys()
    assert document["winner"] == "lane-0" or document["winner_reason"]
    whole = (await site.http.get(f"/api/runs/{run_id}/events")).content
    assert whole == RunFolder.open(tmp_path / "runs", run_id).log_path.read_bytes()
    assert document["offset"] == len(whole)

    exported = await site.http.get(f"/api/runs/{run_id}/export.json")
    assert decode(exported.content).run_id == run_id
    assert exported.headers["content-disposition"] == f'attachment; filename="{run_id}.json"'
    table = await site.http.get(f"/api/runs/{run_id}/export.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert (await site.http.post(f"/api/runs/{run_id}/download")).content == table.content
    assert (await site.http.get(f"/api/runs/{run_id}/export.exe")).status_code == 422


async def test_the_summary_file_has_the_older_objects_too(site: Served, tmp_path: Path) -> None:
    await site.link(FakeAgent())
    document = await site.over(await site.submit())
    path = tmp_path / "runs" / document["run_id"] / "summary.json"
    stored = msgspec.json.decode(path.read_bytes())
    assert stored["local"]["speed"] == document["lanes"][0]["summary"]["speed"]["median"]
    assert stored["run_id"] == document["run_id"]


async def test_a_live_run_is_described_and_followed_from_there(site: Served) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await site.link(agent)
    run_id = await site.submit()
    await site.until(lambda: site.state(run_id), ("running",))
    document = await site.get(f"/api/runs/{run_id}")
    assert document["state"] == "running"
    headers = {"Accept": "text/event-stream"}
    path = f"/api/runs/{run_id}/events?after={document['epoch']}-{document['offset']}"
    async with site.http.stream("GET", path, headers=headers) as log:
        assert log.headers["content-type"] == "text/event-stream"
        agent.open_gate.set()
        text = "".join([chunk async for chunk in log.aiter_text()])
    got = [line[6:] for line in text.split("\n") if line.startswith('data: {"type"')]
    whole = (await site.http.get(f"/api/runs/{run_id}/events")).content
    assert "".join(f"{line}\n" for line in got).encode() == whole[document["offset"] :]
    assert "event: end" in text
    last = f"{document['epoch']}-{len(whole)}"
    again = await site.http.get(
        f"/api/runs/{run_id}/events", headers=headers | {"Last-Event-ID": last}
    )
    assert again.status_code == 204


async def test_the_plan_is_answered_and_nothing_started(site: Served) -> None:
    await site.link(FakeAgent())
    for path in ("/api/runs?dry_run=1", "/api/runs/plan"):
        answer = await site.http.post(path, json=SPEC)
        assert answer.status_code == 200
        assert answer.json()["lanes"][0]["machine_id"] == "local"
    assert await site.get("/api/runs") == {"runs": [], "next": None}


class Strict(FakeAgent):
    """A machine whose worker checks a parameter."""

    def readiness(self, lane: JobLane) -> LaneReadiness:
        if lane.params.get("threads") == "many":
            bad = FieldError("threads", "must be a number")
            return LaneReadiness(lane_id=lane.lane_id, fields=(bad,))
        return super().readiness(lane)


async def test_a_plan_without_a_check_does_not_ask_the_machines(site: Served) -> None:
    await site.link(Strict())
    spec = SPEC | {"params": {"threads": "many"}}
    assert (await site.http.post("/api/runs/plan", json=spec)).status_code == 422
    answer = await site.http.post("/api/runs/plan?check=0", json=spec)
    assert answer.status_code == 200
    assert answer.json()["estimate"]["duration_ns"] is None


async def test_a_plan_and_its_run_have_one_title(site: Served) -> None:
    await site.link(FakeAgent())
    spec = SPEC | {"lanes": [{"params": {"n": 5}}, {"params": {"n": 6}}]}
    planned = (await site.http.post("/api/runs/plan", json=spec)).json()
    assert planned["title"] == "n 5 vs n 6"
    run_id = (await site.http.post("/api/runs", json=spec)).json()["run_id"]
    assert (await site.get(f"/api/runs/{run_id}"))["title"] == "n 5 vs n 6"
    (row,) = (await site.get("/api/runs"))["runs"]
    assert row["title"] == "n 5 vs n 6"


async def test_bad_fields_are_named_by_path(site: Served) -> None:
    await site.link(Strict())
    bad: list[tuple[dict[str, Any], set[str]]] = [
        ({"rounds": 0, "extra": 1}, {"rounds", "extra"}),
        ({"lanes": [{}, {"params": {"threads": "many"}}]}, {"lanes[1].params.threads"}),
        ({"lanes": [{"machine_id": "nobody"}]}, {"lanes[0].machine_id"}),
        ({"kind": "unknown"}, {"kind"}),
    ]
    for changes, paths in bad:
        answer = await site.http.post("/api/runs", json=SPEC | changes)
        assert answer.status_code == 422, answer.text
        assert {field["path"] for field in answer.json()["error"]["fields"]} == paths


async def test_a_run_waits_its_turn_and_can_be_cancelled(site: Served) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    await site.link(agent)
    first, second = await site.submit(), await site.submit()
    waiting = await site.get(f"/api/runs/{second}")
    assert (waiting["state"], waiting["queue_position"]) == ("queued", 1)
    assert (await site.http.delete(f"/api/runs/{second}")).status_code == 409
    for run_id in (second, first):
        answer = await site.http.post(f"/api/runs/{run_id}/cancel", json={"reason": "enough"})
        assert answer.status_code == 202
        assert (await site.over(run_id))["state"] == "cancelled"
    assert (await site.http.post(f"/api/runs/{first}/cancel")).status_code == 202


async def test_runs_are_listed_changed_and_deleted(site: Served, tmp_path: Path) -> None:
    await site.link(FakeAgent())
    ids = [await site.submit(name=f"race {number}") for number in range(3)]
    for run_id in ids:
        await site.over(run_id)
    page = await site.get("/api/runs", limit=2)
    rest = await site.get("/api/runs", limit=2, after=page["next"])
    listed = page["runs"] + rest["runs"]
    assert {run["run_id"] for run in listed} == set(ids)
    assert rest["next"] is None
    assert {run["state"] for run in listed} == {"done"}
    assert listed[0]["lanes"][0]["metric"] == "speed"

    changed = await site.http.patch(f"/api/runs/{ids[1]}", json={"tags": ["kept"], "notes": "n"})
    assert (changed.json()["tags"], changed.json()["name"]) == (["kept"], "race 1")
    (result,) = (await site.get("/api/runs", tag="kept"))["runs"]
    assert result["run_id"] == ids[1]
    cleared = await site.http.patch(f"/api/runs/{ids[1]}", json={"tags": None, "name": None})
    assert (cleared.json()["tags"], cleared.json()["name"]) == ([], None)
    assert (await site.http.patch(f"/api/runs/{ids[1]}", json={"state": "x"})).status_code == 422

    assert (await site.http.delete(f"/api/runs/{ids[0]}")).json() == {"deleted": ids[0]}
    assert not (tmp_path / "runs" / ids[0]).exists()
    assert (await site.http.get(f"/api/runs/{ids[0]}")).status_code == 404
    assert len((await site.get("/api/runs"))["runs"]) == 2


@pytest.mark.parametrize("run_id", NO_RUNS)
async def test_no_run_of_that_name(site: Served, run_id: str) -> None:
    for path in ("", "/events", "/export.json"):
        answer = await site.http.get(f"/api/runs/{run_id}{path}")
        assert answer.status_code in (404, 405), (path, answer.text)
        assert answer.json()["error"]["remedy"]
    assert (await site.http.delete(f"/api/runs/{run_id}")).status_code in (404, 405)
    assert (await site.http.post(f"/api/runs/{run_id}/cancel")).status_code in (404, 405)


async def test_a_wrong_offset_is_refused(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]
    for after, status in (("1", 422), ("x", 400), ("99999999", 422), ("7-0", 422), ("0-0", 200)):
        answer = await site.http.get(f"/api/runs/{run_id}/events", params={"after": after})
        assert answer.status_code == status, after
        until = await site.http.get(f"/api/runs/{run_id}/events", params={"until": after})
        assert until.status_code == status, after


async def test_a_part_of_a_log_ends_where_it_was_asked_to(site: Served) -> None:
    await site.link(FakeAgent())
    run_id = (await site.over(await site.submit()))["run_id"]
    path = f"/api/runs/{run_id}/events"
    lines = (await site.http.get(path)).content.splitlines(keepends=True)
    sizes = [len(line) for line in lines]
    params = {"after": f"0-{sizes[0]}", "until": f"0-{sum(sizes[:3])}"}
    answer = await site.http.get(path, params=params)
    assert answer.content == lines[1] + lines[2]
    assert answer.headers["Benchrace-Offset"] == str(sum(sizes))


async def test_machines_are_listed_and_excluded(site: Served) -> None:
    await site.link(FakeAgent())
    (machine,) = (await site.get("/api/machines"))["machines"]
    assert (machine["machine_id"], machine["state"]) == ("local", "ready")
    assert machine["threads"] == 6
    assert machine["backends"][0]["workloads"][0]["kind"] == "work"
    (kind,) = (await site.get("/api/workloads"))["workloads"]
    assert kind["offers"][0]["machines"] == ["local"]
    assert kind["offers"][0]["workload"] == machine["backends"][0]["workloads"][0]
    assert (await site.get("/api/capabilities"))["machines"][0]["machine_id"] == "local"
    status = await site.get("/api/status")
    assert status["machines"][0]["reachable"] is True
    assert status["central"]["queued"] == 0

    out = await site.http.patch("/api/machines/local", json={"excluded": True})
    assert out.json()["state"] == "excluded"
    assert (await site.http.post("/api/runs", json=SPEC)).status_code == 422
    assert (await site.http.patch("/api/machines/x", json={"excluded": True})).status_code == 404
    assert (await site.http.patch("/api/machines/local", json={})).status_code == 422


async def test_what_is_about_central_itself(site: Served) -> None:
    for path in ("/health", "/api/v1/health"):
        assert (await site.get(path))["ok"] is True
    metrics = await site.http.get("/metrics")
    assert 'benchrace_machines{state="ready"} 0.0' in metrics.text
    assert "benchrace_events_total 0.0" in metrics.text
    assert "benchrace_disk_free_bytes" in metrics.text
    page = await site.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert re.search(r"<script(?![^>]* src=)", page.text) is None
    document = await site.get("/openapi.json")
    assert {"/api/runs", "/api/runs/{run_id}", "/api/machines"} <= document["paths"].keys()


async def test_a_browser_that_is_lost_sees_the_page_and_a_program_the_failure(site: Served) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    missing = await site.http.get("/no/such/page", headers=browser)
    page = await site.http.get("/", headers=browser)
    if "benchrace-ui" in page.text:
        pytest.skip("the page is not built")
    assert (missing.status_code, missing.text) == (404, page.text)
    assert missing.headers["content-security-policy"] == page.headers["content-security-policy"]
    program = await site.http.get("/no/such/page")
    assert (program.status_code, program.json()["error"]["category"]) == (404, "validation")


async def test_a_stranger_is_not_linked(site: Served) -> None:
    stranger = FakeAgent(token="wrong")
    site.group.start_soon(stranger.run, site.url.replace("http", "ws") + "/api/v1/link")
    with anyio.fail_after(HANG_S):
        while stranger.refused is None:  # noqa: ASYNC110 - the script has no event for it
            await anyio.sleep(0.005)
    assert "token" in stranger.refused.failure.message
    result = await site.get("/api/machines")
    (rejection,) = result["refused"]
    assert result["machines"] == []
    assert "token" in rejection["reason"]
    assert "central_token" in rejection["remedy"]
