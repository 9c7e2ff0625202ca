"""Machines that central dials: the same link, whoever opened it."""

from pathlib import Path
from typing import Any

import pytest

from benchrace.agent.settings import WORKER
from tests.agent.conftest import StartAgent, start_agent
from tests.central.served import Served, served

__all__ = ["start_agent"]
pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TOKEN = "a token of the agent itself"
RUN = {"kind": "compute", "params": {"n": 10_000, "threads": 1}, "rounds": 2}


def listed(tmp_path: Path, port: int, **more: str) -> Path:
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    keys = {"machine_id": "m1", "label": "The box", "notes": "in the lab", **more}
    text = ", ".join(f"{key}: '{value}'" for key, value in keys.items())
    url = f"http://localhost:{port}"
    (config / "machines.yaml").write_text(
        f"machines:\n  - {{dial: true, agent_base_url: '{url}', {text}, gpu: {{index: 5}}}}\n"
    )
    return config


async def machine(site: Served) -> Any:
    return (await site.get("/api/machines"))["machines"][0]


async def reason(site: Served) -> bool:
    return "cannot be dialled" in str((await machine(site))["reason"])


async def offers(site: Served) -> bool:
    workloads = (await site.get("/api/workloads"))["workloads"]
    return "compute" in {workload["kind"] for workload in workloads}


async def state(site: Served) -> Any:
    return (await machine(site))["state"]


async def test_a_run_on_a_machine_that_central_dials(
    tmp_path: Path, start_agent: StartAgent
) -> None:
    agent = start_agent(
        data=tmp_path / "agent", host="0.0.0.0", token=TOKEN, worker=WORKER
    ).started()
    port = int(agent.url.rpartition(":")[2])
    config = listed(tmp_path, port, agent_token="wrong")
    async with served(tmp_path / "central", config=config) as site:
        await site.until(lambda: reason(site), (True,))
        shown = await machine(site)
        assert (shown["state"], shown["condition"]) == ("lost", "offline")
        assert "Set agent_token in machines.yaml" in shown["reason"]
        assert TOKEN not in shown["reason"]
    config = listed(tmp_path, port, agent_token=TOKEN)
    async with served(tmp_path / "central", config=config) as site:
        await site.until(lambda: offers(site), (True,))
        shown = await machine(site)
        assert (shown["label"], shown["notes"]) == ("The box", "in the lab")
        assert "`gpu` in machines.yaml is not used" in shown["problems"][0]["message"]
        run = await site.over(await site.submit(**RUN))
        assert run["state"] == "done", run
        agent.stop()
        await site.until(lambda: state(site), ("stopped",))


async def test_an_agent_that_dials_by_itself_or_has_another_name_says_so(
    tmp_path: Path, start_agent: StartAgent
) -> None:
    other = start_agent(data=tmp_path / "other", machine_id="m2").started()
    config = listed(tmp_path, int(other.url.rpartition(":")[2]))
    async with served(tmp_path / "central", config=config) as site:
        await site.until(lambda: reason(site), (True,))
        assert "is the machine m2, and not m1" in (await machine(site))["reason"]
