"""A result is published: the dialog and what it saves, the race on paper, the report."""

from pathlib import Path
from xml.etree import ElementTree

import anyio
import pytest
from playwright.async_api import Browser, Download, Locator

from benchrace.export import render
from benchrace.run.document import decode
from benchrace.testing.limits import HANG_S
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.race import QUICK, STEADY
from tests.browser.tab import WIDER, Tab
from tests.export.card.test_card import RUNS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PHONE = {"viewport": {"width": 390, "height": 844}}
A4 = {"viewport": {"width": 703, "height": 1000}}
# What is drawn over something else, or outside of the card: texts by their real boxes.
CROWDED = """(svg) => {
  const texts = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBBox()]);
  const outer = svg.viewBox.baseVal;
  const out = texts.filter(([, box]) => box.x < 0 || box.x + box.width > outer.width);
  const over = texts.flatMap(([one, a], index) => texts.slice(index + 1).filter(([, b]) =>
    a.x < b.x + b.width && b.x < a.x + a.width &&
    a.y + a.height * 0.15 < b.y + b.height * 0.85 && b.y + b.height * 0.15 < a.y + a.height * 0.85
  ).map(([other]) => `${one} / ${other}`));
  return [...out.map(([text]) => text), ...over];
}"""
CUT = """() => [...document.querySelectorAll('main *')].filter((element) =>
  element.checkVisibility() && !element.closest('.hidden') &&
  element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML)"""

# In place of the dialog: how wide the charts are that would be on paper.
DRAWN = """window.print = () => {
  const charts = [...document.querySelectorAll('main canvas, main svg.chart')];
  window.printed = charts.map((chart) => chart.getBoundingClientRect().width);
}"""


@pytest.fixture(scope="module")
async def run_id(fleet: Fleet) -> str:
    run_id = await fleet.submit(**QUICK | {"name": "To be shared"})
    assert (await fleet.over(run_id))["state"] == "done"
    return run_id


@pytest.fixture
async def shared(tab: OpenTab, run_id: str) -> tuple[Tab, Locator]:
    """Open the dialog with the keyboard."""
    one = await tab(accept_downloads=True, color_scheme="dark")
    await one.open(f"/runs/{run_id}")
    await one.page.get_by_role("button", name="Share").focus()
    await one.page.keyboard.press("Enter")
    dialog = one.page.get_by_role("dialog", name="Share this result")
    await dialog.locator("img").wait_for()
    return one, dialog


def png_size(data: bytes) -> tuple[int, int]:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


async def saved(download: Download, folder: Path) -> bytes:
    path = folder / download.suggested_filename
    await download.save_as(path)
    return path.read_bytes()


async def test_a_card_is_saved_as_png_and_as_svg(
    shared: tuple[Tab, Locator], fleet: Fleet, run_id: str, tmp_path: Path
) -> None:
    one, dialog = shared
    button = dialog.get_by_role("button", name="Download PNG")
    async with one.page.expect_download() as download:
        await button.click()
    first = await download.value
    assert first.suggested_filename == f"{run_id}-wide-dark.png"
    wide = await saved(first, tmp_path)
    assert png_size(wide) == (1200, 630)
    # A blank picture of one colour is a few kilobytes.
    assert len(wide) > 15_000

    await dialog.get_by_label("Square").check()
    await dialog.get_by_label("Light").check()
    await dialog.locator('img[width="1080"]').wait_for()
    async with one.page.expect_download() as download:
        await button.click()
    assert png_size(await saved(await download.value, tmp_path)) == (1080, 1080)

    async with one.page.expect_download() as download:
        await dialog.get_by_role("link", name="Download SVG").click()
    look = {"shape": "square", "theme": "light"}
    card = await fleet.http.get(f"{fleet.url}/api/runs/{run_id}/card.svg", params=look)
    svg = await saved(await download.value, tmp_path)
    assert svg == card.content
    assert ElementTree.fromstring(svg).attrib["width"] == "1080"


async def test_link_markdown_image_and_report_are_taken_along(
    shared: tuple[Tab, Locator], fleet: Fleet, run_id: str, tmp_path: Path
) -> None:
    one, dialog = shared
    await one.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await dialog.get_by_role("button", name="Copy link").click()
    assert await one.page.evaluate("navigator.clipboard.readText()") == f"{fleet.url}/runs/{run_id}"
    run = await fleet.get(f"/api/runs/{run_id}")
    await dialog.get_by_role("button", name="Copy Markdown").click()
    await dialog.get_by_text("Copied").first.wait_for()
    text = await one.page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("**To be shared**")
    assert text.count("\n| ") >= 3
    await dialog.get_by_role("button", name="Copy image").click()
    await dialog.get_by_text("Image copied").wait_for()
    types = await one.page.evaluate(
        "navigator.clipboard.read().then((items) => items.flatMap((item) => item.types))"
    )
    assert types == ["image/png"]
    async with one.page.expect_download() as download:
        await dialog.get_by_role("link", name="Download report").click()
    report = await saved(await download.value, tmp_path)
    assert run["result"]["confidence"]["text"].split(".")[0].encode() in report


async def test_escape_closes_it_and_gives_the_focus_back(shared: tuple[Tab, Locator]) -> None:
    one, dialog = shared
    inside = "document.querySelector('dialog').contains(document.activeElement)"
    assert await one.page.evaluate(inside)
    await one.page.keyboard.press("Escape")
    await dialog.wait_for(state="detached")
    assert await one.page.evaluate("document.activeElement.textContent") == "Share"


async def test_it_fits_a_phone(tab: OpenTab, run_id: str) -> None:
    one = await tab(**PHONE)
    await one.open(f"/runs/{run_id}")
    await one.page.get_by_role("button", name="Share").click()
    dialog = one.page.get_by_role("dialog", name="Share this result")
    await dialog.locator("img").wait_for()
    assert await dialog.evaluate("(dialog) => dialog.scrollWidth - dialog.clientWidth") <= 0
    assert await one.wider() <= 0


async def test_a_race_that_is_on_is_not_shared(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**STEADY)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await one.page.get_by_role("button", name="Cancel").wait_for()
    assert await one.page.get_by_role("button", name="Share").count() == 0
    await fleet.over(run_id)
    await one.page.get_by_role("button", name="Share").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_race_is_printed_whole_and_without_its_controls(
    tab: OpenTab, fleet: Fleet, run_id: str, theme: str, tmp_path: Path
) -> None:
    one = await tab(**A4, color_scheme=theme)
    await one.open(f"/runs/{run_id}")
    await one.state("finished")
    await one.wait_events(len(fleet.stored(run_id)))
    await one.page.emulate_media(media="print", color_scheme="light")
    for control in ("button", "nav", ".actions", "dialog"):
        assert await one.page.locator(control).locator("visible=true").count() == 0, control
    assert await one.main("h1").is_visible()
    for title in ("All metrics", "Counted rounds", "Every round", "Test system", "Parameters"):
        await one.main("h2").filter(has_text=title).locator("visible=true").wait_for()
    bars = one.main("li.lane").first
    adjust = await bars.evaluate("(bar) => getComputedStyle(bar).printColorAdjust")
    assert adjust == "exact"
    assert await one.page.evaluate(CUT) == []
    await one.page.pdf(path=tmp_path / "race.pdf", format="A4")
    assert (tmp_path / "race.pdf").stat().st_size > 20_000


async def test_the_charts_of_closed_parts_are_printed(
    tab: OpenTab, fleet: Fleet, run_id: str
) -> None:
    one = await tab(**A4)
    await one.page.add_init_script(DRAWN)
    await one.open(f"/runs/{run_id}")
    await one.wait_events(len(fleet.stored(run_id)))
    with anyio.fail_after(HANG_S):
        while True:
            await one.page.keyboard.press("Control+p")
            await one.page.wait_for_function("() => 'printed' in window")
            printed = await one.page.evaluate("window.printed")
            # Round by round on a canvas, and the strips; a busy machine may not draw them in time.
            if len(printed) >= 2 and min(printed) > 100:
                break
    assert await one.main("canvas").locator("visible=true").count() == 0


@pytest.mark.parametrize("width", [390, 703, 1280])
async def test_a_report_fits_every_width(
    browser: Browser, fleet: Fleet, run_id: str, width: int
) -> None:
    answer = await fleet.http.get(f"{fleet.url}/api/runs/{run_id}/export.json")
    reports = [render("report", run) for run in (decode(answer.content), *RUNS.values())]
    context = await browser.new_context(viewport={"width": width, "height": 900})
    page = await context.new_page()
    for report in reports:
        await page.set_content(report.decode())
        assert await page.evaluate(WIDER) <= 0, await page.title()
        await page.emulate_media(media="print")
        assert await page.evaluate(WIDER) <= 0, await page.title()
        await page.emulate_media(media="screen")
    await context.close()


async def test_no_text_of_a_card_lies_over_another(browser: Browser) -> None:
    """Check the estimate of widths against the fonts of this machine."""
    context = await browser.new_context()
    page = await context.new_page()
    for name, run in RUNS.items():
        await page.set_content(render("card", run).decode())
        assert await page.locator("svg").evaluate(CROWDED) == [], name
    await context.close()
