"""Settings that central owns: checked, versioned, kept, sent to the agent, and reported back."""

from pathlib import Path
from typing import Any

import pytest

from tests.central.scripted import FakeAgent
from tests.central.served import Served, served
from tests.central.settable import SettableAgent

pytestmark = pytest.mark.anyio
PATH = "/api/machines/box/settings"


async def put(site: Served, version: int, **settings: Any) -> Any:
    return await site.http.put(PATH, json={"version": version, "settings": settings})


async def test_settings_reach_the_agent_and_its_report_comes_back(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        agent = SettableAgent("box")
        await site.link(agent)
        answer = await put(site, 0, keep_jobs=50, after_run="stop")
        assert answer.status_code == 200, answer.text
        await site.until(lambda: applied(site), (1,))
        settings = await site.get(PATH)
        assert settings["applied"] is True
        assert settings["wanted"]["keep_jobs"] == 50
        assert settings["agent"]["used"]["after_run"] == {"value": "stop", "source": "central"}
        assert [(sent.version, sent.settings) for sent in agent.settings] == [
            (0, {}),
            (1, {"keep_jobs": 50, "after_run": "stop"}),
        ]
        keep = next(one for one in settings["descriptions"] if one["name"] == "keep_jobs")
        assert (keep["kind"], keep["minimum"], keep["default"]) == ("integer", 1, 200)


async def applied(site: Served) -> Any:
    agent = (await site.get(PATH))["agent"]
    return agent and agent["version"]


async def test_every_bad_field_is_named_and_a_lost_update_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        await site.link(FakeAgent("box"))
        answer = await put(site, 0, keep_jobs=0, sampling_s="often", colour="red")
        assert answer.status_code == 422
        paths = {field["path"] for field in answer.json()["error"]["fields"]}
        assert paths == {"settings.keep_jobs", "settings.sampling_s", "settings.colour"}
        assert (await put(site, 0, keep_jobs=5)).status_code == 200
        late = await put(site, 0, keep_jobs=6)
        assert late.status_code == 409
        assert "version 1, not 0" in late.json()["error"]["message"]
        assert (await site.http.get("/api/machines/none/settings")).status_code == 404


async def test_an_older_agent_is_not_sent_what_it_does_not_know(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        agent = SettableAgent("box", takes_settings=False)
        await site.link(agent)
        assert (await put(site, 0, keep_jobs=5)).status_code == 200
        assert agent.settings == []
        settings = await site.get(PATH)
        assert (settings["agent"], settings["applied"]) == (None, False)
        assert "update it" in settings["reason"]


async def test_settings_outlast_a_restart_and_go_with_the_machine(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        await site.link(FakeAgent("box"))
        await put(site, 0, keep_jobs=5)
    async with served(tmp_path) as site:
        assert (await site.get(PATH))["wanted"]["keep_jobs"] == 5
        assert (await site.get(PATH))["reason"] == "the machine is not linked"
        assert (await site.http.delete("/api/machines/box")).status_code == 200
        await site.link(FakeAgent("box"))
        assert (await site.get(PATH))["version"] == 0


async def test_a_clock_that_is_off_degrades_a_machine_that_can_still_race(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        await site.link(SettableAgent("box", wall_s=1.0))
        await site.until(lambda: condition(site), ("degraded",))
        (machine,) = (await site.get("/api/machines"))["machines"]
        assert machine["state"] == "ready"
        assert "behind central's" in machine["reason"]
        await site.over(await site.submit())


async def condition(site: Served) -> Any:
    return (await site.get("/api/machines"))["machines"][0]["condition"]
