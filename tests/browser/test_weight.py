"""What the pages weigh on the wire: of a central, an agent and a finished race as people have them.

    make weigh-page

prints the figures. Sizes are counted, not timed: a busy machine changes nothing.
"""

import re

import pytest

from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.meter import Meter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

START_KB = 110
RACE_KB = 160
IDLE_KB = 10
POLLS = 4
LATER = re.compile("/(Chart|Rounds|Output|Machines|Settings|Log|Live|MenuItems|ShareDialog)-")

SIX = {
    "kind": "compute",
    "params": {"n": 3_000_000},
    "lanes": [
        {"params": {"algorithm": algorithm, "threads": threads}}
        for algorithm in ("segmented_sieve", "simple_sieve", "trial_division")
        for threads in (1, 2)
    ],
    "rounds": 5,
}


def check(name: str, size: float, limit_kb: int, meter: Meter) -> None:
    """Print what a page weighs, and hold it."""
    print(f"{name:24} {size / 1000:8.1f} kB of at most {limit_kb} kB")
    assert size <= limit_kb * 1000, f"{name} is too heavy:\n{meter.table()}"


async def test_the_start_page(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    meter = await Meter.on(one.page)
    await one.open("/")
    await one.quiet()
    check("/", meter.total, START_KB, meter)


async def test_a_finished_race(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**SIX)
    assert (await fleet.over(run_id))["state"] == "done"
    one = await tab()
    meter = await Meter.on(one.page)
    await one.open(f"/runs/{run_id}")
    await one.state("finished")
    await one.wait_events(len(fleet.stored(run_id)))
    check("a finished race, 6 lanes", meter.total, RACE_KB, meter)
    # What a tab, a menu or a dialog needs comes when it is opened.
    assert not [one for one in meter.requests.values() if LATER.search(one.path)], meter.table()
    await one.page.get_by_role("tab", name="Rounds").click()
    await one.main(".chart canvas").first.wait_for()
    assert [one for one in meter.requests.values() if LATER.search(one.path)]


async def test_the_fleet_page_while_nothing_happens(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    meter = await Meter.on(one.page)
    await one.open("/fleet")
    await one.quiet()
    # The answers to one poll are all there when the next one is sent.
    first = len(meter.of("/api/status"))
    await meter.sent("/api/status", first + 1)
    before = meter.total
    await meter.sent("/api/status", first + 1 + POLLS)
    check("/fleet, each poll", (meter.total - before) / POLLS, IDLE_KB, meter)
