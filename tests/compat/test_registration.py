"""Older agents: how often they are heard, and how they are forgotten."""

from pathlib import Path

import pytest

from benchrace.compat import central_agents
from benchrace.compat.central import install
from benchrace.compat.central_agents import FORGET_S, Register, Registry
from benchrace.errors import BenchraceError, NotFound
from benchrace.testing.clock import FakeClock
from tests.central.scripted import FakeAgent
from tests.central.served import served


@pytest.mark.anyio
async def test_the_interval_is_the_machines_setting_and_at_least_60_s_during_a_job(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, extend=install) as site:
        await site.link(FakeAgent("box"))
        for wanted_s, running_s in ((10, 60), (300, 300)):
            version = (await site.get("/api/machines/box/settings"))["version"]
            body = {"version": version, "settings": {"heartbeat_interval_s": wanted_s}}
            answer = await site.http.put("/api/machines/box/settings", json=body)
            assert answer.status_code == 200, answer.text
            answer = await site.http.post("/api/v1/agents/register", json={"agent_id": "box"})
            assert answer.json() == {"agent_id": "box", "heartbeat_interval_s": wanted_s}
            answer = await site.http.post(
                "/api/v1/agents/box/heartbeat", json={"status": "running"}
            )
            assert answer.json()["settings"] == {"heartbeat_interval_s": running_s}


def test_only_silent_agents_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(central_agents, "MAX_AGENTS", 2)
    clock = FakeClock()
    registry = Registry(clock)
    registry.register(Register(agent_id="a"))
    clock.pass_s(FORGET_S)
    registry.register(Register(agent_id="b"))
    registry.register(Register(agent_id="c"))
    with pytest.raises(NotFound, match="has registered"):
        registry.beat("a", central_agents.Heartbeat())
    with pytest.raises(BenchraceError, match="limit"):
        registry.register(Register(agent_id="d"))
