"""An agent watches the journals of its job grow."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from benchrace.agent.agent import LOOK_S, Agent, next_look
from benchrace.agent.jobs.registry import Jobs
from benchrace.agent.settings import AgentSettings
from benchrace.telemetry.sampler import Sampler
from benchrace.testing.limits import HANG_S
from benchrace_simulated.fleet import hardware
from benchrace_simulated.profiles import PROFILES


@pytest.mark.parametrize("now", [0.0, 1.0, 12345.678, 98765432.1])
def test_agents_that_look_at_different_times_look_together_next(now: float) -> None:
    due = next_look(now)
    assert now <= due <= now + LOOK_S + 1e-6
    assert next_look((now + due) / 2) == due


async def test_a_journal_that_grows_wakes_only_those_who_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = SimpleNamespace(work=tmp_path / "work.ndjson", agent=tmp_path / "agent.ndjson")
    job: Any = SimpleNamespace(folder=folder, spec=SimpleNamespace(lanes=()))
    monkeypatch.setattr(Jobs, "running", job)
    machine, unused = hardware.machine(PROFILES[0]), cast(Sampler, None)
    settings = AgentSettings(data=tmp_path, machine_id="m1", label="m1", share_host=True)
    agent = Agent(settings, machine, unused, host_id="h", boot_id="b")
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(agent._watch)
            for name in ("work", "agent"):
                seen = agent.jobs.written.count
                getattr(folder, name).write_bytes(b"{}\n")
                await agent.jobs.written.wait(seen)
            assert agent.jobs.changed.count == 0
            seen = agent.jobs.written.count
            agent.jobs.changed.notify()
            assert agent.jobs.written.count == seen + 1
            tasks.cancel_scope.cancel()
