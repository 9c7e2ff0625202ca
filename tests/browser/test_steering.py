"""A race that is cancelled or watched twice; an agent that stops, a central that dies."""

import re
import signal

import pytest

from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.race import LONG, STEADY
from tests.browser.tab import Tab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

# A headless browser shows every tab: this is what a page hears when another covers it.
SHOW_AS = """(state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
SOME_DONE = re.compile("[1-9][0-9]* of 60 rounds done")
MANY = {"params": STEADY["params"] | {"n": 1_000_000}, "rounds": 60}
LOST = re.compile("^lost$")
SILENT = re.compile("no news for [0-9]+ s")
# What a browser says of a server that is gone; the page cannot keep it from saying so.
GONE = "console: Failed to load resource: net::ERR_"


async def standing(tab: Tab) -> list[str]:
    """Return what a tab says of each lane."""
    return await tab.main("li.lane").all_inner_texts()


async def test_cancelled_in_one_tab_and_seen_in_both(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**LONG)
    one, other = await tab(), await tab()
    for one_tab in (one, other):
        await one_tab.open(f"/runs/{run_id}")
        await one_tab.main(".pip:not(.open)").nth(1).wait_for()
    await one.page.get_by_role("button", name="Cancel").click()
    for one_tab in (one, other):
        await one_tab.state("cancelled")
    run = await fleet.over(run_id)
    assert run["state"] == "cancelled"
    lines = len(fleet.stored(run_id))
    for one_tab in (one, other):
        await one_tab.wait_events(lines)
    await one.see("cancelled after")
    await other.see("cancelled after")
    assert await standing(one) == await standing(other)


async def test_a_hidden_tab_rests_and_catches_up(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**STEADY)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await one.main(".pip:not(.open)").first.wait_for()
    await one.page.evaluate(SHOW_AS, "hidden")
    await fleet.over(run_id)
    lines = len(fleet.stored(run_id))
    events = await one.main("[data-events]").get_attribute("data-events")
    assert 0 < int(events or 0) < lines
    await one.page.evaluate(SHOW_AS, "visible")
    await one.state("finished")
    await one.wait_events(lines)


async def test_an_agent_that_is_not_heard_is_named_and_its_clock_stops(
    tab: OpenTab, fleet: Fleet
) -> None:
    run_id = await fleet.submit(**STEADY | MANY)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await one.see(SOME_DONE)
    (agent,) = fleet.agents
    agent.send_signal(signal.SIGSTOP)
    try:
        await one.see(SILENT)
        assert await one.main(".track.silent").count() == 1
        clock = one.main(".times div").filter(has_text="Elapsed").locator("dd")
        stopped = await clock.text_content()
        await one.see(re.compile(r"no news for ([5-9]|\d\d+) s"))
        assert await clock.text_content() == stopped
    finally:
        agent.send_signal(signal.SIGCONT)
    await one.page.get_by_text(SILENT).wait_for(state="detached")
    await one.state("finished")
    assert (await fleet.over(run_id))["state"] == "done"


async def test_a_killed_central_is_missed_and_found_again(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**STEADY | MANY)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await one.page.evaluate("globalThis.loadedOnce = true")
    await one.see(SOME_DONE)
    fleet.kill_central()
    await one.page.get_by_text(LOST).wait_for()
    await fleet.start_central()
    await one.page.get_by_text(LOST).wait_for(state="detached")
    await one.state("finished")
    run = await fleet.over(run_id)
    assert run["state"] == "done", run["failure"]
    await one.wait_events(len(fleet.stored(run_id)))
    assert await one.page.evaluate("globalThis.loadedOnce") is True
    one.wrongs[:] = [wrong for wrong in one.wrongs if not wrong.startswith(GONE)]
