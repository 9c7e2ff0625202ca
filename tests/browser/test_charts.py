"""Charts of a race: the crosshair by pointer and by keys, the box of many rounds, the live rate."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.race import LONG, STEADY
from tests.browser.tab import Tab
from tests.browser.test_access import THEMES, WIDTHS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LANES = 8
MANY: dict[str, Any] = {
    "kind": "compute",
    "params": {"algorithm": "segmented_sieve", "threads": 1, "n": 200_000},
    "lanes": [{"label": f"lane {number + 1}"} for number in range(LANES)],
    "rounds": 18,
    "warmup": 0,
}


@pytest.fixture(scope="module")
async def run(fleet: Fleet) -> Any:
    """Return a finished race with so many lanes and rounds that shapes and boxes are drawn."""
    return await fleet.over(await fleet.submit(**MANY))


def chart(tab: Tab, region: str) -> Locator:
    return tab.page.get_by_role("region", name=region).get_by_role("slider")


async def open_rounds(tab: Tab, fleet: Fleet, run: Any) -> None:
    """Open the rounds of a race, and wait until the log, once read, moves nothing any more."""
    await tab.open(f"/runs/{run['run_id']}?tab=rounds")
    await tab.wait_events(len(fleet.stored(run["run_id"])))


async def shoot(tab: Tab, name: str) -> None:
    if folder := os.environ.get("BENCHRACE_SCREENSHOTS"):
        await tab.main(".charts").screenshot(path=Path(folder) / f"{name}.png")


async def test_a_crosshair_names_the_value_of_every_lane(
    tab: OpenTab, fleet: Fleet, run: Any
) -> None:
    one = await tab()
    await open_rounds(one, fleet, run)
    rounds = chart(one, "Round by round")
    await rounds.hover()
    reading = rounds.locator(".reading")
    await expect(reading.locator(".number")).to_have_count(LANES)
    assert all("primes/s" in text for text in await reading.locator(".number").all_inner_texts())
    await one.page.get_by_role("heading", name="Round by round").hover()
    await expect(reading).to_have_count(0)

    await rounds.focus()
    await one.page.keyboard.press("Home")
    await expect(rounds).to_have_attribute("aria-valuenow", "1")
    await one.page.keyboard.press("ArrowRight")
    await expect(rounds).to_have_attribute("aria-valuenow", "2")
    text = str(await rounds.get_attribute("aria-valuetext"))
    assert [text.count(f"{lane} lane {lane}: ") for lane in range(1, LANES + 1)] == [1] * LANES
    await one.page.keyboard.press("Escape")
    await expect(reading).to_have_count(0)


async def test_escape_hides_the_crosshair_and_then_closes_the_dialog(
    tab: OpenTab, fleet: Fleet
) -> None:
    run_id = await fleet.submit(**STEADY | {"rounds": 4})
    await fleet.over(run_id)
    one = await tab()
    await one.open(f"/runs/{run_id}?tab=machines")
    # The samples come with the log: the last one is where End goes.
    await one.wait_events(len(fleet.stored(run_id)))
    await one.page.get_by_role("button", name="Enlarge box").click()
    dialog = one.page.get_by_role("dialog")
    cpu = dialog.get_by_role("slider", name="CPU over time", exact=True)
    await cpu.locator("canvas").first.wait_for()
    await cpu.press("End")
    await dialog.locator(".reading").wait_for()
    await cpu.press("Escape")
    await expect(dialog.locator(".reading")).to_have_count(0)
    await cpu.press("Escape")
    await expect(dialog).to_have_count(0)


@pytest.mark.parametrize("scheme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_many_rounds_have_a_box_and_lanes_beyond_the_colours_a_shape(
    tab: OpenTab, fleet: Fleet, run: Any, width: int, scheme: str
) -> None:
    one = await tab(viewport={"width": width, "height": 900}, color_scheme=scheme)
    await open_rounds(one, fleet, run)
    plot = one.page.get_by_role("region", name="Counted rounds").locator("svg.chart")
    await expect(plot.locator(".box")).to_have_count(LANES)
    outlines = await plot.locator(".round").evaluate_all(
        "(points) => [...new Set(points.map((point) => point.getAttribute('d')))].length"
    )
    assert outlines == 3  # circles of six lanes, and one shape for each of the other two
    await chart(one, "Round by round").hover()
    await one.main(".charts .reading").wait_for()
    assert await one.wider() == 0
    await shoot(one, f"charts-{width}-{scheme}")


async def test_the_live_rate_is_in_the_unit_of_the_result(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**LONG | {"warmup": 1})
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await one.see("primes/s during a round")
    await shoot(one, "live-rate")
    await fleet.http.post(f"{fleet.url}/api/runs/{run_id}/cancel")
    await fleet.over(run_id)
