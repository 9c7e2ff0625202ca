"""A served central removes what is over its limits, and says what it would remove."""

from pathlib import Path

from benchrace.config.retention import RetentionLimits
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder
from tests.central.served import Served, served
from tests.store.conftest import Make

IDS = [f"2026-11-2{day}_101500_abcde{day}" for day in range(4)]


def store(data: Path) -> None:
    for day, run_id in enumerate(IDS):
        metadata = Make().metadata(run_id, state=RunState.DONE, ended_at=1000.0 + day)
        RunFolder.create(data / "runs", metadata).summary_path.write_text("{}")


async def listed(site: Served) -> set[str]:
    return {row["run_id"] for row in (await site.get("/api/runs"))["runs"]}


async def count(site: Served) -> int:
    return len(await listed(site))


async def test_limits_are_applied_at_the_start(tmp_path: Path) -> None:
    store(tmp_path)
    async with served(tmp_path, retention=RetentionLimits(runs=2)) as site:
        await site.until(lambda: count(site), (2,))
        assert await listed(site) == set(IDS[2:])
        answer = await site.get("/api/retention")
        assert (answer["limits"]["runs"], answer["runs"]) == (2, 2)


async def test_without_limits_nothing_goes_and_pinned_runs_stay(tmp_path: Path) -> None:
    store(tmp_path)
    async with served(tmp_path) as site:
        await site.until(lambda: count(site), (4,))
        changed = await site.http.patch(f"/api/runs/{IDS[0]}", json={"pinned": True})
        assert changed.json()["pinned"] is True
        planned = await site.get("/api/retention", runs=1)
        assert [run["run_id"] for run in planned["expired"]] == IDS[1:3]
        assert (planned["removed"], planned["pinned"]) == (False, 1)
        assert await count(site) == 4
        refused = await site.http.post("/api/retention", json={"runs": 0})
        assert refused.status_code == 422
        done = (await site.http.post("/api/retention", json={"runs": 1})).json()
        assert (done["removed"], len(done["expired"])) == (True, 2)
        assert await listed(site) == {IDS[0], IDS[3]}
        nothing = (await site.http.post("/api/retention")).json()
        assert nothing["expired"] == []
