"""A race as a person starts and watches it, and as hostile text would like it."""

import csv
from typing import Any

import pytest
from playwright.async_api import expect

from benchrace.formatting import scale
from tests.browser.conftest import OpenTab
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
    await tab.page.get_by_label("Parameter to compare").select_option(label="Algorithm")
    await tab.page.get_by_label("Values of Algorithm, separated by commas").first.fill(values)
    await tab.page.get_by_role("button", name="Create 2 lanes").click()
    await tab.see("2 lanes ready")


async def see_figures(tab: Tab, run: dict[str, Any]) -> None:
    """See central's numbers in the table, best lane first, with the unit once."""
    lanes = {lane["lane_id"]: lane["summary"] for lane in run["lanes"]}
    ranked = [lanes[place["lane_id"]] for place in run["standing"]["places"]]
    table = tab.page.get_by_role("region", name="Metrics of each lane")
    for metric, statistic in (("primes_per_sec", "value"), ("elapsed_ms", "median")):
        values = [summary[metric][statistic] for summary in ranked]
        by = scale(values, ranked[0][metric]["unit"])
        words = f"{ranked[0][metric]['title']} {by.unit} · "
        row = table.get_by_role("row").filter(has_text=words)
        await expect(row.locator(".value")).to_have_text([by.text(value) for value in values])


async def test_a_race_from_the_form_to_its_table(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    await set_up(one, "segmented_sieve, simple_sieve")
    await one.page.get_by_role("button", name="Start the race").click()
    await one.page.wait_for_url("**/runs/*")
    await one.state("finished")
    run = await fleet.over(one.page.url.rpartition("/")[2])
    assert run["spec"]["params"] == {"n": 2_000_000}
    assert [lane["counted"] for lane in run["lanes"]] == [3, 3]
    await see_figures(one, run)
    await see_result(one, run)
    await see_strips(one, run)


async def see_strips(tab: Tab, run: dict[str, Any]) -> None:
    """See each counted round in the strip plot, and the same numbers in what it downloads."""
    await tab.page.get_by_role("tab", name="Rounds").click()
    await tab.page.wait_for_url("**?tab=rounds")
    result = run["result"]
    plot = tab.page.get_by_role("region", name="Counted rounds")
    rounds = [len(lane["rounds"]) for lane in result["lanes"]]
    await expect(plot.locator("svg .round")).to_have_count(sum(rounds))
    files = {}
    for kind in ("PNG", "SVG", "CSV"):
        await plot.get_by_role("button", name="Download Counted rounds").press("Enter")
        async with tab.page.expect_download() as started:
            await plot.get_by_role("button", name=f"Download {kind}").press("Enter")
        download = await started.value
        assert download.suggested_filename == f"{run['run_id']}-counted-rounds.{kind.lower()}"
        files[kind] = (await download.path()).read_bytes()
    assert files["PNG"].startswith(b"\x89PNG")
    assert files["SVG"].count(b"scale(4)") == sum(rounds)
    table = list(csv.reader(files["CSV"].decode().splitlines()))
    assert table[0][1] == f"{result['title']}: median ({result['unit']})"
    assert [[float(cell) for cell in row[4:]] for row in table[1:]] == [
        lane["rounds"] for lane in result["lanes"]
    ]


async def see_result(tab: Tab, run: dict[str, Any]) -> None:
    """See that the head says what central's result says, and that bars and dots are its lanes."""
    result = run["result"]
    await tab.main(".headline").filter(has_text=result["headline"]).first.wait_for()
    text = (await tab.main(".head").inner_text()).replace("\N{NO-BREAK SPACE}", " ")
    for sentence in (result["margin"] or "", result["interval"] or "", result["detail"]):
        for part in sentence.rpartition(" ")[::2]:
            assert part in text
    labels = {lane["lane_id"]: lane["label"] for lane in run["lanes"]}
    rows = await tab.main("li.lane .name strong").all_text_contents()
    assert rows == [labels[lane["lane_id"]] for lane in result["lanes"]]
    assert await tab.main("svg .dot").count() == sum(
        len(lane["rounds"]) for lane in result["lanes"]
    )
    assert (await tab.page.title()).startswith(result["headline"])


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
    await one.wait_events(len(lines))
    dots = one.main("svg .dot")
    # They are of the document, which comes after the end of the log.
    await dots.nth(2 * STEADY["rounds"] - 1).wait_for(state="attached")
    assert await dots.count() == 2 * STEADY["rounds"]


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
    texts = {"name": HOSTILE[0], "notes": "\n".join(HOSTILE), "tags": [HOSTILE[1]]}
    run_id = await fleet.submit(**QUICK | texts | {"lanes": lanes})
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
    assert sorted(await names.all_text_contents()) == sorted(HOSTILE[:2])
    assert await one.main("h1").text_content() == HOSTILE[0]
    assert await one.main(".notes").text_content() == run["notes"]
