"""What stands between a page and its race: a network that is cut; and a race of eight agents."""

import pytest

from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.race import STEADY
from tests.browser.test_steering import GONE, LOST, MANY, SOME_DONE
from tests.browser.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

MACHINES = ("box", *(f"box{number}" for number in range(2, 9)))


@pytest.fixture(scope="module")
async def eight(fleet: Fleet) -> Fleet:
    """The fleet with seven more agents."""
    for machine in MACHINES[1:]:
        await fleet.start_agent(machine)
    return fleet


async def test_a_cut_network_is_shown_and_heals(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**STEADY | MANY)
    one = await tab()
    async with Wire.to(fleet.url) as wire:
        await one.page.goto(f"{wire.url}/runs/{run_id}")
        await one.page.evaluate("globalThis.loadedOnce = true")
        await one.see(SOME_DONE)
        wire.cut()
        await one.see(LOST)
        before = len(fleet.stored(run_id))
        heard = int(await one.main("[data-events]").get_attribute("data-events") or 0)
        assert 0 < heard <= before
        await wire.mend()
        await one.page.get_by_text(LOST).wait_for(state="detached")
        assert (await fleet.get(f"/api/runs/{run_id}"))["state"] == "running"
        await one.state("finished")
        assert (await fleet.over(run_id))["state"] == "done"
        await one.heard(len(fleet.stored(run_id)))
        assert await one.page.evaluate("globalThis.loadedOnce") is True
    one.wrongs[:] = [wrong for wrong in one.wrongs if not wrong.startswith(GONE)]


async def test_eight_agents_reach_the_end_of_their_lanes(tab: OpenTab, eight: Fleet) -> None:
    lanes = [{"label": machine, "machine_id": machine} for machine in MACHINES]
    work = {"params": {"n": 1_000_000, "threads": 1}, "lanes": lanes, "rounds": 3}
    run_id = await eight.submit(kind="compute", **work)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await one.state("finished")
    run = await eight.over(run_id)
    assert run["state"] == "done", run["failure"]
    counted = {lane["machine_id"]: lane["counted"] for lane in run["lanes"]}
    assert counted == dict.fromkeys(MACHINES, 3)
    await one.heard(len(eight.stored(run_id)))
    names = await one.main("li.lane .name").all_inner_texts()
    assert sum("finished" in name for name in names) == 8, names
    rounds = 8 * (3 + 1)  # one warms up
    assert await one.main(".pip:not(.open)").count() == rounds
