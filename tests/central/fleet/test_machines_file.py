"""Machines of `machines.yaml`: listed as offline until their agents link."""

import json
from pathlib import Path

import pytest

from benchrace.central.central import Central
from benchrace.central.settings import CentralSettings
from benchrace.compat.central import install
from benchrace.errors import InvalidInput
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served

pytestmark = pytest.mark.anyio
FILE = """
machines:
  - {machine_id: box, label: The box, agent_base_url: "http://10.0.0.7:9001"}
  - {machine_id: old, excluded: true}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "machines.yaml").write_text(FILE)
    return folder


async def states(site: Served) -> dict[str, tuple[str, str | None]]:
    machines = (await site.get("/api/machines"))["machines"]
    return {machine["machine_id"]: (machine["state"], machine["reason"]) for machine in machines}


async def test_a_machine_that_never_linked_is_offline_and_its_reset_503(
    tmp_path: Path, config: Path
) -> None:
    async with served(tmp_path, extend=install, config=config) as site:
        assert await states(site) == {
            "box": ("lost", "has never linked"),
            "old": ("excluded", "excluded by an operator"),
        }
        (box, _) = (await site.get("/api/machines"))["machines"]
        assert (box["label"], box["address"]) == ("The box", "http://10.0.0.7:9001")
        reach = {
            machine["machine_id"]: machine
            for machine in (await site.get("/api/status"))["machines"]
        }
        assert reach["box"]["reachable"] is False
        answer = await site.http.post("/api/agents/box/reset")
        assert answer.status_code == 503
        assert "box is not linked" in answer.json()["error"]["message"]
        await site.link(FakeAgent("box"))
        assert (await states(site))["box"] == ("ready", None)


async def test_a_machine_that_was_forgotten_keeps_what_the_file_says(
    tmp_path: Path, config: Path
) -> None:
    async with served(tmp_path, config=config) as site:
        assert (await site.http.delete("/api/machines/box")).status_code == 200
        assert set(await states(site)) == {"old"}
        await site.link(FakeAgent("box"))
        (box, _) = (await site.get("/api/machines"))["machines"]
        assert box["label"] == "The box"


async def test_the_file_alone_says_what_is_listed_until_somebody_changes_it(
    tmp_path: Path, config: Path
) -> None:
    stored = tmp_path / "central" / "machines.json"
    async with served(tmp_path, config=config) as site:
        await site.link(FakeAgent("other"))
        answer = await site.http.patch("/api/machines/box", json={"excluded": True})
        assert answer.status_code == 200, answer.text
        names = {load["machine_id"]: load["excluded"] for load in json.loads(stored.read_text())}
        assert names == {"box": True, "other": False}
    (config / "machines.yaml").unlink()
    async with served(tmp_path, config=config) as site:
        assert set(await states(site)) == {"box", "other"}


async def test_a_bad_file_is_named_with_its_line(tmp_path: Path, config: Path) -> None:
    (config / "machines.yaml").write_text("machines:\n  - {machine_id: a, colour: red}\n")
    with pytest.raises(InvalidInput, match=r"machines\.yaml"):
        await Central(CentralSettings(data=tmp_path, config=config)).open()
