"""The time of a run, estimated from what central has stored."""

import shutil
from pathlib import Path

import anyio

from benchrace.errors import FieldError
from benchrace.protocol.capabilities import LaneReadiness
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from tests.central.scripted import FakeAgent
from tests.central.served import SPEC, served


async def test_a_plan_is_estimated_by_the_run_before_it(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        await site.link(FakeAgent())

        async def estimate(**changes: object) -> dict[str, object]:
            answer = await site.http.post("/api/runs/plan", json=SPEC | changes)
            assert answer.status_code == 200, answer.text
            return dict(answer.json()["estimate"])

        first = await estimate()
        assert first["duration_ns"] is None
        assert "no comparable earlier run of" in str(first["reason"])
        run_id = await site.submit()
        document = await site.over(run_id)
        took_s = document["ended_at"] - document["started_at"]
        again = (await estimate())["duration_ns"]
        assert isinstance(again, int)
        # Four rounds again: as long as the whole run, or as its rounds where the clocks differ.
        assert again / 1e9 >= took_s * 0.99
        twice = (await estimate(rounds=7))["duration_ns"]
        assert isinstance(twice, int)
        assert abs(twice - 2 * again) <= 2
        assert (await estimate(params={"n": 11}))["duration_ns"] is None
        # It was read once: a run that is over does not change.
        shutil.rmtree(tmp_path / "runs" / run_id)
        assert (await estimate())["duration_ns"] == again


async def test_a_cancelled_run_tells_what_its_rounds_took(tmp_path: Path) -> None:
    class Stuck(FakeAgent):
        async def round(self, slot: Slot) -> None:
            if slot.round > 1:
                stuck.set()
                await anyio.sleep_forever()

    stuck = anyio.Event()
    spec = SPEC | {"params": {"n": "auto"}}
    async with served(tmp_path) as site:
        await site.link(agent := Stuck())
        run_id = await site.submit(**spec)
        await stuck.wait()
        await site.http.post(f"/api/runs/{run_id}/cancel", json={})
        await site.over(run_id)
        plan = (await site.http.post("/api/runs/plan", json=spec)).json()
        assert plan["estimate"] == {"duration_ns": 4 * agent.elapsed_ns, "reason": None}


async def test_what_a_machine_refuses_names_the_machine(tmp_path: Path) -> None:
    class Picky(FakeAgent):
        def readiness(self, lane: JobLane) -> LaneReadiness:
            return LaneReadiness(lane_id=lane.lane_id, fields=(FieldError("n", "is too much"),))

    async with served(tmp_path) as site:
        await site.link(FakeAgent("left"), Picky("right"))
        answer = await site.http.post("/api/runs/plan", json=SPEC)
        assert answer.status_code == 422
        error = answer.json()["error"]
        assert error["message"] == "params.n: right: is too much"
        assert error["fields"] == [
            {"path": "params.n", "message": "is too much", "machine_id": "right"}
        ]
