"""What stands between a page and its race: a network that is cut; and a race of eight agents."""

import re

import pytest

from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.meter import Meter
from tests.browser.race import QUICK, STEADY
from tests.browser.test_steering import GONE, MANY, SOME_DONE
from tests.browser.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

# At first the link is late: a race may be over before it is lost.
CUT = re.compile("^(late|lost)$")
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
        # The document tells of rounds before the log is read.
        await one.main('[data-events]:not([data-events="0"])').wait_for(state="attached")
        wire.cut()
        await one.page.get_by_text(CUT).wait_for()
        before = len(fleet.stored(run_id))
        events = int(await one.main("[data-events]").get_attribute("data-events") or 0)
        assert 0 < events <= before
        await wire.mend()
        await one.page.get_by_text(CUT).wait_for(state="detached")
        assert (await fleet.get(f"/api/runs/{run_id}"))["state"] == "running"
        await one.state("finished")
        assert (await fleet.over(run_id))["state"] == "done"
        await one.wait_events(len(fleet.stored(run_id)))
        assert await one.page.evaluate("globalThis.loadedOnce") is True
    one.wrongs[:] = [wrong for wrong in one.wrongs if not wrong.startswith(GONE)]


async def test_a_finished_race_is_fetched_once(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**QUICK)
    assert (await fleet.over(run_id))["state"] == "done"
    one = await tab()
    meter = await Meter.on(one.page)
    await one.open(f"/runs/{run_id}")
    await one.wait_events(len(fleet.stored(run_id)))
    document = await meter.answers(f"/api/runs/{run_id}")
    log = await meter.answers(f"/api/runs/{run_id}/events")
    assert [request.encoding for request in (*document, *log)] == ["gzip", "gzip"]
    assert log[0].type == "application/x-ndjson"
    await one.page.reload()
    await one.wait_events(len(fleet.stored(run_id)))
    statuses = [
        request.status
        for path in (f"/api/runs/{run_id}", f"/api/runs/{run_id}/events")
        for request in await meter.answers(path)
    ]
    assert statuses == [200, 304, 200, 304]


async def test_a_race_is_followed_from_its_document_on(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**STEADY | MANY)
    one = await tab()
    meter = await Meter.on(one.page)
    await one.open(f"/runs/{run_id}")
    await one.see(SOME_DONE)
    await one.page.reload()
    await one.see(SOME_DONE)
    await one.state("finished")
    await fleet.over(run_id)
    await one.wait_events(len(fleet.stored(run_id)))
    streams = [
        request
        for request in await meter.answers(f"/api/runs/{run_id}/events")
        if request.type.startswith("text/event-stream")
    ]
    assert [request.encoding for request in streams] == ["", ""]
    log = sum(map(len, fleet.stored(run_id)))
    assert sum(request.size for request in streams) < 1.5 * log


async def test_what_is_polled_is_sent_where_it_changed(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    meter = await Meter.on(one.page)
    await one.open("/fleet")
    await one.quiet()
    first = len(meter.of("/api/capabilities"))
    await meter.sent("/api/capabilities", first + 2)
    for path in ("/api/capabilities", "/api/runs"):
        statuses = [request.status for request in await meter.answers(path)]
        assert 304 in statuses, f"{path}: {statuses}"


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
    await one.wait_events(len(eight.stored(run_id)))
    names = one.main("li.lane .name").filter(has_text="same computer as")
    await names.filter(has_text="3 rounds").nth(7).wait_for()  # Once the result is read.
    assert await names.count() == 8
    assert await one.main("svg .dot").count() == 8 * 3
