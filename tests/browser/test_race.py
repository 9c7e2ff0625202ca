"""A race as a person starts and watches it, and as hostile text would like it."""

from typing import Any

import pytest

from tests.browser.conftest import OpenTab
from tests.browser.figure import milliseconds, rate
from tests.browser.fleet import Fleet
from tests.browser.race import QUICK, STEADY
from tests.browser.tab import Tab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "\u202etxt.exe {{alert(3)}} ${alert(4)}",
)


async def set_up(tab: Tab, values: str) -> None:
    await tab.open("/compute")
    await tab.page.locator("#param-n").fill("2M")
    await tab.page.locator("#rounds").fill("3")
    await tab.page.get_by_label("What to compare").select_option(label="Algorithm")
    await tab.page.get_by_label("Values of Algorithm, separated by commas").first.fill(values)
    await tab.page.get_by_role("button", name="Make 2 lanes").click()
    await tab.see("2 lanes ready")


async def see_figures(tab: Tab, lane: dict[str, Any]) -> None:
    """Wait for a row of the table that says what central's document says."""
    row = tab.page.get_by_role("region", name="Results").get_by_role("row")
    row = row.filter(has=tab.page.get_by_role("rowheader", name=lane["label"]))
    summary = lane["summary"]
    for text in (
        rate(summary["primes_per_sec"]["value"], "primes/s"),
        milliseconds(summary["elapsed_ms"]["value"]),
    ):
        cell = tab.page.get_by_role("cell", name=text, exact=True)
        await row.filter(has=cell).wait_for()


async def test_a_race_from_the_form_to_its_table(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    await set_up(one, "segmented_sieve, simple_sieve")
    await one.page.get_by_role("button", name="Start the race").click()
    await one.page.wait_for_url("**/runs/*")
    await one.state("finished")
    run = await fleet.over(one.page.url.rpartition("/")[2])
    assert run["spec"]["params"] == {"n": 2_000_000}
    assert [lane["counted"] for lane in run["lanes"]] == [3, 3]
    for lane in run["lanes"]:
        await see_figures(one, lane)


async def test_a_reload_in_the_middle_loses_nothing(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**STEADY)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await one.main(".pip:not(.open)").nth(3).wait_for()
    assert (await fleet.get(f"/api/runs/{run_id}"))["state"] == "running"
    await one.page.reload()
    await one.state("finished")
    await fleet.over(run_id)
    lines = fleet.stored(run_id)
    assert len(set(lines)) == len(lines)
    await one.heard(len(lines))
    assert await one.main(".pip:not(.open)").count() == 2 * STEADY["rounds"]


async def test_what_breaks_the_policy_is_noticed(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    await one.open("/compute")
    await one.see("Start the race")
    assert one.wrongs == []
    await one.page.evaluate(
        "document.body.append(new Image()); document.images[0].src = '//x.test'"
    )
    await one.page.wait_for_event("console", lambda message: message.text.startswith("policy:"))
    assert any(wrong.startswith("console: policy: img-src") for wrong in one.wrongs)
    one.wrongs.clear()


async def test_hostile_text_stays_text(tab: OpenTab, fleet: Fleet) -> None:
    lanes = [{"label": text} | lane for text, lane in zip(HOSTILE, QUICK["lanes"], strict=False)]
    said = {"name": HOSTILE[0], "notes": "\n".join(HOSTILE), "tags": [HOSTILE[1]]}
    run_id = await fleet.submit(**QUICK | said | {"lanes": lanes})
    run = await fleet.over(run_id)
    assert [lane["label"] for lane in run["lanes"]] == list(HOSTILE[:2])
    one = await tab()
    of_run = f"/runs/{run_id}"
    for path in ("/runs", of_run, f"{of_run}/replay", f"/compare?a={run_id}&b={run_id}"):
        await one.open(path)
        await one.see(HOSTILE[0])
        assert await one.page.locator("img, main script").count() == 0
    await one.open(of_run)
    await one.state("finished")
    names = one.main("li.lane .name strong")
    assert await names.all_text_contents() == list(HOSTILE[:2])
    assert await one.main("h1").text_content() == HOSTILE[0]
    assert await one.main(".notes").text_content() == run["notes"]
