"""A lane over two machines: chosen on the page, raced, and shown with all of its machines."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

import pytest
from anyio import to_thread
from playwright.async_api import Browser, expect

from tests.browser.tab import Tab, open_tab
from tests.flow.team_fleet import TeamFleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]
LANES = [{"machine_id": "a", "backend": "team"}, {"machine_id": "c", "backend": "team"}]
SPEC = {"kind": "compute", "params": {"n": 1}, "rounds": 2, "warmup": 0, "lanes": LANES}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamFleet]:
    with TeamFleet(tmp_path_factory.mktemp("team")).serving("abc") as fleet:
        yield fleet


@pytest.fixture
async def one(browser: Browser, team: TeamFleet) -> AsyncIterator[Tab]:
    opened = await open_tab(browser, team.url)
    yield opened
    await opened.page.context.close()
    # Two backends count primes here, and the cards of ready-made races name none.
    assert [wrong for wrong in opened.wrongs if "422" not in wrong] == []


async def test_a_race_over_two_machines_is_set_up_and_shown(one: Tab, team: TeamFleet) -> None:
    await one.open(f"/compute?spec={quote(json.dumps(SPEC))}")
    workers = one.page.get_by_role("group", name="Workers")
    await expect(workers).to_have_count(2)
    # Every machine but the lane's own can be its worker.
    await expect(workers.first.get_by_role("checkbox")).to_have_count(2)
    await workers.first.get_by_label("B", exact=True).check()
    await one.see("2 lanes · 3 machines")
    await one.see("A + B, team")
    await one.see("machine=a,backend=team,workers=b")
    await one.page.get_by_role("button", name="Start the race").click()
    await one.state("finished")
    await expect(one.page.locator("h1")).to_have_text("over A + B vs C")
    await one.see("2 lanes on 3 machines")
    await one.page.get_by_role("tab", name="Machines").click()
    await one.see("Not sampled: worker of the lane “over A + B”, build b1, CPU with 4 B")
    (run,) = team.get("/api/runs")["runs"]
    assert [machine["machine_id"] for machine in run["machines"]] == ["a", "b", "c"]


async def test_a_race_that_lost_a_worker_gives_the_reason_under_its_head(
    one: Tab, team: TeamFleet
) -> None:
    team.homes["a"].write("hold")
    run_id = team.submit({"machine_id": "a", "workers": ["b"]})
    await one.open(f"/runs/{run_id}")
    await to_thread.run_sync(team.wait_for_round, "a")
    team.kill_agent("b")
    team.homes["a"].remove("hold")
    await one.state("interrupted")
    race = one.page.get_by_role("region", name="The race")
    await expect(
        race.get_by_text(re.compile("worker B of lane .* stopped: ", re.IGNORECASE))
    ).to_have_count(1)
    await expect(one.page.locator("li.lane .name")).to_contain_text("ended after 1 of 2 rounds")
    # The same for those who open it later, when the log is read after the document.
    await one.open(f"/runs/{run_id}?tab=machines")
    await expect(
        race.get_by_text(re.compile("worker B of lane .* stopped: ", re.IGNORECASE))
    ).to_have_count(1)
