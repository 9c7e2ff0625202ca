"""What stays of a race: the list, links into it, replay, comparison; and it all fits a phone."""

from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.race import LONG, QUICK

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
async def runs(fleet: Fleet) -> tuple[str, str]:
    """Two races that are over, of the same lanes."""
    ids = [await fleet.submit(**QUICK | {"name": name}) for name in ("Before", "After")]
    for run_id in ids:
        assert (await fleet.over(run_id))["state"] == "done"
    return ids[0], ids[1]


async def test_the_list_leads_to_the_run(tab: OpenTab, runs: tuple[str, str]) -> None:
    one = await tab()
    await one.open("/runs")
    await one.page.get_by_role("link", name="Before").click()
    await one.page.wait_for_url(f"**/runs/{runs[0]}")
    await one.state("finished")
    await one.page.go_back()
    await one.see("After")
    await one.page.get_by_label("Search").fill("befo")
    await one.page.get_by_role("link", name="After").wait_for(state="detached")
    await one.page.wait_for_url("**/runs?q=befo")
    await one.page.reload()
    await one.page.get_by_role("link", name="Before").wait_for()
    assert await one.page.get_by_role("link", name="After").count() == 0


async def test_the_same_races_are_grouped_and_the_filter_saved(
    tab: OpenTab, runs: tuple[str, str]
) -> None:
    one = await tab()
    await one.open("/runs?q=before")
    await one.page.get_by_label("Group repeated races").check()
    await one.page.wait_for_url("**/runs?q=before&group=series")
    await one.see("1 run")
    await one.page.get_by_role("button", name="Show the runs of Before").click()
    await one.page.get_by_label("Select Before for comparison").wait_for()
    await one.page.reload()
    await one.page.get_by_label("Select Before for comparison").check()
    await one.page.get_by_role("button", name="Save this filter").click()
    await one.page.get_by_label("Name of the filter").fill("Mine")
    await one.page.get_by_role("button", name="Save", exact=True).click()
    await one.open("/runs")
    await one.page.get_by_role("link", name="Mine").click()
    await one.page.wait_for_url("**/runs?q=before&group=series")
    await one.page.get_by_role("button", name="Show the runs of Before").wait_for()


async def test_a_run_is_sorted_renamed_and_tagged_in_the_list(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**QUICK | {"name": "Zeta"})
    await fleet.over(run_id)
    one = await tab()
    await one.open("/runs")
    await one.page.get_by_role("button", name="Race").click()
    await one.page.wait_for_url("**/runs?sort=title&order=ascending")
    await one.main("tbody tr").last.get_by_role("link", name="Zeta").wait_for()
    await one.page.get_by_role("button", name="Race").click()
    await one.page.wait_for_url("**/runs?sort=title")
    await one.main("tbody tr").first.get_by_role("link", name="Zeta").wait_for()
    # What came of it is in the row, in words.
    row = one.main("tbody tr").first
    await row.get_by_text("Confidence: ").wait_for(state="attached")
    await row.get_by_role("button", name="Actions for Zeta").click()
    await one.page.get_by_role("button", name="Rename: name of Zeta").click()
    field = one.page.get_by_role("textbox", name="name of Zeta")
    await field.fill("Gone")
    await field.press("Escape")
    await one.page.get_by_role("button", name="Rename: name of Zeta").click()
    await field.fill("Alpha")
    await field.press("Enter")
    await one.page.get_by_role("link", name="Alpha", exact=True).wait_for()
    await one.page.get_by_role("button", name="Tag Alpha").click()
    await one.page.get_by_role("combobox", name="New tag of Alpha").fill("nightly")
    await one.page.keyboard.press("Enter")
    remove = one.page.get_by_role("button", name="Remove tag nightly from Alpha")
    box = await remove.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24
    await one.page.get_by_role("button", name="Delete Alpha").click()
    await one.page.get_by_role("button", name="Undo").click()
    run = await fleet.get(f"/api/runs/{run_id}")
    assert (run["name"], run["tags"]) == ("Alpha", ["nightly"])


async def test_the_licences_of_what_the_page_bundles_are_one_click_away(
    tab: OpenTab, fleet: Fleet
) -> None:
    one = await tab()
    await one.open("/fleet")
    link = one.page.get_by_role("link", name="Third-party licences")
    answer = await one.page.request.get(f"{fleet.url}{await link.get_attribute('href')}")
    text = await answer.text()
    assert answer.headers["content-type"].startswith("text/plain")
    for bundled in ("svelte", "uplot"):
        assert f"## {bundled} - " in text
    assert "Permission is hereby granted" in text


async def test_a_run_that_is_not_there_leads_to_those_that_are(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    await one.open("/runs/2026-01-01_000000_000000")
    await one.see("not found")
    await one.see("Choose another one under Runs.")
    assert "benchrace runs" not in await one.page.locator("main").inner_text()
    await one.page.get_by_role("link", name="View runs").click()
    await one.page.wait_for_url("**/runs")
    one.wrongs[:] = [wrong for wrong in one.wrongs if "404" not in wrong]


async def test_a_stored_race_plays_to_its_end(tab: OpenTab, runs: tuple[str, str]) -> None:
    one = await tab()
    await one.open(f"/runs/{runs[0]}")
    await one.page.get_by_role("button", name="More actions").click()
    await one.page.get_by_role("link", name="Replay").click()
    await one.page.get_by_role("button", name="Skip to end").click()
    await one.page.get_by_role("button", name="Play again").wait_for()
    assert await one.main("svg .dot").count() == 2 * QUICK["rounds"]


async def test_two_runs_are_compared(tab: OpenTab, runs: tuple[str, str]) -> None:
    one = await tab()
    requested: list[str] = []
    one.page.on("request", lambda request: requested.append(request.url))
    await one.open("/runs")
    for name in ("Before", "After"):
        await one.page.get_by_label(f"Select {name} for comparison").check()
    await one.page.get_by_role("link", name="Compare").click()
    a, b = sorted(runs)
    await one.page.wait_for_url(f"**/compare?a={a}&b={b}")
    for title in ("segmented sieve", "simple sieve"):
        await one.page.get_by_role("heading", name=title, exact=True).wait_for()
    await one.quiet()
    assert len([url for url in requested if "/api/compare" in url]) == 1
    await one.page.get_by_text("Match lanes by hand").click()
    lane = one.page.get_by_label("Lane of B to compare with segmented sieve")
    await lane.select_option(label="simple sieve")
    await one.page.wait_for_url("**&match=*")
    await one.see("matched by hand")
    await one.page.get_by_role("heading", name="segmented sieve vs simple sieve").wait_for()
    await one.page.get_by_role("link", name="Match automatically").click()
    await one.page.get_by_role("heading", name="simple sieve", exact=True).wait_for()
    assert "match" not in one.page.url


async def test_a_third_run_has_a_column_of_its_own(tab: OpenTab, runs: tuple[str, str]) -> None:
    one = await tab()
    await one.open(f"/compare?a={runs[0]}&b={runs[1]}")
    await one.page.get_by_text("Add a run").click()
    await one.page.get_by_label("Run C", exact=True).select_option(value=runs[0])
    await one.page.wait_for_url(f"**&c={runs[0]}")
    figures = one.page.get_by_role("region", name="Figures of segmented sieve")
    await figures.get_by_role("columnheader", name="C", exact=True).wait_for()
    await one.page.get_by_role("link", name="Make baseline: C").click()
    await one.page.wait_for_url(f"**?a={runs[0]}&b={runs[0]}&c={runs[1]}")
    await one.page.get_by_label("Lanes of A").select_option(label="segmented sieve alone")
    await one.page.get_by_label("Lanes of B").select_option(label="simple sieve alone")
    await one.page.get_by_role("heading", name="segmented sieve vs simple sieve").wait_for()
    assert await one.page.get_by_role("region", name="Figures of").count() == 1


async def test_a_phone_scrolls_down_only(tab: OpenTab, runs: tuple[str, str]) -> None:
    phone: dict[str, Any] = PHONE
    one = await tab(**phone)
    wider: dict[str, int] = {}
    for path, sign in (
        ("/compute", "Start the race"),
        ("/runs", "Before"),
        (f"/runs/{runs[0]}", "All metrics"),
        (f"/runs/{runs[0]}?tab=rounds", "Every round"),
        (f"/runs/{runs[0]}?tab=settings", "Parameters"),
        (f"/runs/{runs[0]}/replay", "Skip to end"),
        (f"/compare?a={runs[0]}&b={runs[1]}", "matched by"),
        ("/fleet", "Services"),
        ("/machines/box", "Save settings"),
    ):
        await one.open(path)
        await one.see(sign)
        await one.quiet()
        wider[path] = await one.wider()
    assert {path: pixels for path, pixels in wider.items() if pixels > 0} == {}


async def test_a_traceback_scrolls_in_its_own_box(tab: OpenTab, runs: tuple[str, str]) -> None:
    one = await tab(**PHONE)
    detail = "Traceback (most recent call last):\n" + "a line without an end " * 40
    word = "a_name_without_a_space_" * 8

    async def failed(route: Route) -> None:
        body = await (await route.fetch()).json()
        body["failure"] = {
            "category": "plugin_error",
            "message": f"a round failed: {word}",
            "remedy": word,
            "detail": detail,
        }
        await route.fulfill(json=body)

    await one.page.route(f"**/api/runs/{runs[0]}", failed)
    await one.open(f"/runs/{runs[0]}")
    await one.page.get_by_text("Traceback", exact=True).click()
    await one.see("a line without an end")
    # Above the rows: a race with a result gives there why it is not complete.
    head = one.page.get_by_role("region", name="The race").get_by_role("alert")
    await expect(head).to_contain_text("A round failed")
    assert await one.wider() == 0


async def test_a_race_that_is_on_is_led_to_and_does_not_widen_a_phone(
    tab: OpenTab, fleet: Fleet
) -> None:
    lanes = [{"label": f"a lane with a long name, number {number}"} for number in range(4)]
    run_id = await fleet.submit(**LONG | {"lanes": lanes, "name": "On now"})
    one = await tab(**PHONE)
    await one.open("/compute")
    on = one.main(".now a").filter(has_text="On now")
    await on.get_by_text("running").wait_for()
    assert await one.wider() == 0
    await fleet.http.post(f"{fleet.url}/api/runs/{run_id}/cancel")
    await fleet.over(run_id)


async def test_an_agent_that_is_sent_away_is_named_with_what_to_do(
    tab: OpenTab, fleet: Fleet
) -> None:
    stranger = ("--port", "0", "--machine-id", "stranger", "--token", "not-this-one")
    fleet.agents.append(fleet._start("agent", "--central", fleet.url, *stranger))
    one = await tab(**PHONE)
    await one.open("/fleet")
    await one.see("was refused")
    await one.see("benchrace central invite")
    assert await one.wider() == 0


async def test_a_ready_made_race_starts_at_two_presses(tab: OpenTab, fleet: Fleet) -> None:
    machines = (await fleet.get("/api/machines"))["machines"]
    if machines[0]["threads"] == 1:
        pytest.skip("this machine has one thread")
    one = await tab()
    await one.open("/")
    pages = one.page.get_by_role("navigation", name="Pages")
    assert await pages.get_by_role("link").all_text_contents() == ["New race", "Runs", "Fleet"]
    cards = one.page.get_by_role("list", name="Ready-made races")
    await cards.get_by_role("button", name="This computer").click()
    await one.see("2 lanes ready")
    await one.page.keyboard.press("Enter")
    await one.page.wait_for_url("**/runs/*")
    run_id = one.page.url.rpartition("/")[2]
    await fleet.http.post(f"{fleet.url}/api/runs/{run_id}/cancel")
    run = await fleet.over(run_id)
    assert [lane["params"]["threads"] for lane in run["lanes"]] == [1, 0]


async def test_older_addresses_lead_to_the_same_pages(tab: OpenTab) -> None:
    one = await tab()
    current = one.page.get_by_role("navigation", name="Pages").locator("[aria-current]")
    for path, title, sign in (
        ("/inference", "New race", "Language models"),
        ("/whisper", "New race", "Speech"),
        ("/admin", "Fleet", "Services"),
    ):
        await one.open(path)
        await one.see(sign)
        assert await current.inner_text() == title
