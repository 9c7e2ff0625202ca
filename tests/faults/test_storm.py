"""Everybody comes back at once: all are let in, and nothing is lost."""

import random
from pathlib import Path

import anyio
import pytest

from benchrace.agent.link.connector import pause_s
from benchrace.run.states import JobPhase
from tests.central.scripted import FakeAgent
from tests.faults.central_process import CentralProcess, linked, until

AGENTS = 64


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_64_agents_come_back_to_a_killed_central_with_all_their_lines(
    tmp_path: Path,
) -> None:
    dice = random.Random(9)
    agents = [
        FakeAgent(f"m{n}", open_gate=anyio.Event(), pause_s=dice.uniform(0.25, 0.75))
        for n in range(AGENTS)
    ]
    central = CentralProcess(tmp_path)

    async def answers() -> bool:
        return (await central.http.get("/health")).status_code == 200

    async with linked(central, *agents):
        run_id = await central.submit()
        await until(lambda: all(agent.jobs and agent.job.lines["work"] for agent in agents))
        await central.kill()
        for agent in agents:
            agent.open_gate.set()
        for agent in agents:
            await agent.finished()
        await central.start()
        await until(answers)
        assert await central.over(run_id) == "done"
        streams = central.streams(run_id)
        for agent in agents:
            assert agent.job.phase is JobPhase.DONE
            assert agent.links == 2
            assert streams[(agent.job.spec.job_id, "work")] == agent.job.lines["work"]


@pytest.mark.parametrize(
    ("failures", "refused", "measuring", "longest"),
    [
        (0, False, False, 0.25),
        (3, False, False, 2.0),
        (1000, False, False, 15.0),
        (1000, False, True, 2.0),
        (0, True, False, 30.0),
    ],
)
def test_pauses_double_to_a_limit_and_differ_between_agents(
    failures: int, refused: bool, measuring: bool, longest: float
) -> None:
    pauses = [pause_s(failures, refused=refused, measuring=measuring) for _ in range(200)]
    assert longest / 2 <= min(pauses) < max(pauses) <= longest
    assert max(pauses) - min(pauses) > longest / 4
